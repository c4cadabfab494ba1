// libnghttp2, as the system ships it. It needs no wrapper: its API is functions and enums.

#ifndef HAWSER_CNGHTTP2_SHIM_H
#define HAWSER_CNGHTTP2_SHIM_H

#include <nghttp2/nghttp2.h>

#endif
