/*
 * This process: what its memory holds stays in it
 */
#pragma once

/* No core dump of it, no look into it by others of the same user, and memory that is freed is overwritten: session
 * text with its secrets passes through. To be called first in main(). */
void process_keep_private(void);
