// Stand-in (see README.md): the types that c10d's header points to.
#pragma once

namespace gloo::transport {

class Device;
class UnboundBuffer;

}  // namespace gloo::transport
