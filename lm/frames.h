/* The forms of the built-in model's sentences. Internal. */
#ifndef MKG_FRAMES_H
#define MKG_FRAMES_H
#include "base/text.h"
typedef struct mkg__frames mkg__frames;
#endif
