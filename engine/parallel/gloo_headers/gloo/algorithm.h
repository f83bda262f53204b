// Stand-in (README.md beside): nothing of it is used.
#pragma once
