/* Literals in a build without Vectorscan: our own matcher does it all */
#include "mask/literals.h"

const LiteralBackend *const literals_vectorscan = NULL;
