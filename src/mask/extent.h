/*
 * Extent: how far what was found goes, and whether it stands for itself
 *
 * A match has a window, a prefix may have a tail that nobody published, and a home folder is one only as a path.
 */
#pragma once

#include "mask/view.h"

/* Is the character at @at one of a word, and no quote? */
bool extent_in_word(const View *v, size_t at);

/* Where the word ends that goes on at @end: what was matched up to the end of a window. */
size_t extent_word(const View *v, size_t end);

/* Where @start..@end ends, of a match that began at @context in a window up to @size: it may go on after the window, or after an
 * escaped quote. */
size_t extent_complete(const View *v, size_t context, size_t start, size_t end, size_t size);

/* A near form: after the prefix at @start a long random tail begins at @tail. Returns where it ends; 0: there is none, or the
 * prefix is a part of a longer word. */
size_t extent_near_form(const View *v, size_t start, size_t tail);

/* Is @start..@end a path, or the start of one, and not a part of another name? */
bool extent_is_path(const View *v, size_t start, size_t end);
