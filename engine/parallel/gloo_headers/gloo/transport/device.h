// Stand-in (README.md beside): what c10d's header points to.
#pragma once

namespace gloo::transport {

class Device;
class UnboundBuffer;

}  // namespace gloo::transport
