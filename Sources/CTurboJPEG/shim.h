/* JPEG decoding (Debian: libturbojpeg0-dev). */
#include <turbojpeg.h>
