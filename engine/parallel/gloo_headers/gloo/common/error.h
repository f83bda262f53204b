// Stand-in (see README.md): nothing of it is used.
#pragma once
