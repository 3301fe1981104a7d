/* The newest mark of the source: how far its own clock is */
#include "source/reader-internal.h"

int reader_newest_marker(Reader *r, char *ret, size_t size)
{
        sqlite3_stmt **query = r->queries + QUERY_NEWEST_MARKER;
        const char *text = NULL;
        int k;

        if (!r->has_markers)
                return 0;
        if (!*query) {
                k = sqlite_prepare(r->db, "SELECT max(sync_marker) FROM sessions", query);
                if (k < 0)
                        return k;
        }
        k = reader_step(r, QUERY_NEWEST_MARKER);
        if (k > 0 && sqlite3_column_type(*query, 0) == SQLITE_TEXT)
                text = (const char *) sqlite3_column_text(*query, 0);
        if (text)
                (void) snprintf(ret, size, "%s", text);
        (void) sqlite3_reset(*query);
        return k < 0 ? k : text != NULL;
}
