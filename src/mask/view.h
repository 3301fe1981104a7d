/*
 * View: a text as the person saw it
 *
 * Session text is quoted: a command stands in a JSON string, that string in another one, a colour escape before a key.
 * In the view, escapes of any depth ("\n", "\\n", "\\\"", "\u0022", "\x41") are the character they stand for, and a
 * terminal's colour sequence is one space; "%3D" and the like, round a secret in a URL, are "=". So a rule needs to know one form, and an escape is one unit that is taken
 * whole or left whole, never cut. Where the text has no escape, the view is the text itself.
 *
 * What was masked before, a complete "[REDACTED:" id "]" with the id of a rule that there is, is one unit too: MARKER. So
 * no rule looks into it, and all round it is text as any other.
 */
#pragma once

#include "mask/offset-map.h"
#include "mask/rule-ids.h"

/* Stands in the place of a secret; what could not be searched, and what a person's own files tell (known-values.h), have ids that
 * are those of no rule. */
#define MARKER_OPENING "[REDACTED:"
#define UNSCANNABLE    "unscannable"
#define KNOWN_VALUE    "known-value"

/* ASCII calls it "substitute". A text may hold one of its own: see view_is_marker(). */
#define MARKER 0x1A

typedef struct View {
        const char *text;
        size_t size;
        const char *source; /* what it is a view of */
        size_t source_size;
        OffsetMap map; /* from view to source */
        char *buffer;
        size_t allocated;
        bool breaks; /* something that no person sees stands between two characters of a word */
        bool join;   /* how view_set() reads; set before: see below */
        const RuleIds *known; /* whose markers are known; set once; NULL: none are */
} View;

/*
 * Makes @v the view of @size bytes at @source, which must outlive it. Returns 0 or -ENOMEM.
 *
 * With @join set, what breaks a word and is not seen is left out: terminal sequences, characters without width, NULs, and the
 * ends of lines where they were wrapped. So a token that a terminal, a mail or UTF-16 took apart is one.
 */
int view_set(View *v, const char *source, size_t size);

/* Wipes and frees. */
void view_done(View *v);

/* The same after a large text; the memory that a usual one takes is kept. */
void view_drop_if_large(View *v);

/* The range of the source that a range of the view came from. */
static inline void view_range(const View *v, size_t start, size_t end, size_t *ret_start,
                              size_t *ret_end)
{
        offset_map_range(&v->map, start, end, ret_start, ret_end);
}

/* Where in the view byte @at of the source went (the start of its unit). */
size_t view_position(const View *v, size_t at);

/* Is byte @at of the view something that was masked before? */
bool view_is_marker(const View *v, size_t at);

/* What was left out between the first and the last byte of a range of the view. */
typedef enum ViewJoint {
        VIEW_JOINT_NONE,
        VIEW_JOINT_UNSEEN, /* what nobody sees, or a line's end that says that the line goes on */
        VIEW_JOINT_LINES,  /* a line's end that looks as if it were wrapped */
} ViewJoint;

/* May a view of the same source that joins leave out the end of a line? @v is one that does not join. It may be wrong where it says
 * yes: making that view takes longer than this. */
bool view_may_join_lines(const View *v);

/* Is this piece the end of a line, or the "=" before one, that was left out? */
bool view_joins_lines(const View *v, const MapPiece *p);

/* Of @start..@end. */
ViewJoint view_joint(const View *v, size_t start, size_t end);

/* How many backslashes the character at @at is escaped with in the source. */
size_t view_escape_depth(const View *v, size_t at);
