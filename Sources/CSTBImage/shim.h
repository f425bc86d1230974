/* PNG and other picture formats, resizing (Debian: libstb-dev). */
#include <stb/stb_image.h>
#include <stb/stb_image_resize.h>
