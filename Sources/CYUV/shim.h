/* Rescaling of images (Debian: libyuv-dev). */
#include <libyuv/planar_functions.h>
#include <libyuv/scale_argb.h>
