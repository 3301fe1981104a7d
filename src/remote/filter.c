/* Filter: what a remote may see of a session, and when */
#include "remote/filter.h"

#include <string.h>

#include "base/time-util.h"
#include "model/project-glob.h"

Share filter_share(const RemoteOptions *options, const Value *values)
{
        if (project_glob_matches(options->exclude, options->home, values))
                return SHARE_NOTHING;
        if (options->projects && options->projects[0] &&
            !project_glob_matches(options->projects, options->home, values))
                return SHARE_NOTHING;
        return project_glob_matches(options->metadata_only, options->home, values) ? SHARE_METADATA
                                                                                   : SHARE_ALL;
}

static bool parse_value(const Value *v, uint64_t *ret_usec)
{
        char text[64];

        if (v->type != VALUE_TEXT || v->size == 0 || v->size >= sizeof(text))
                return false;
        memcpy(text, v->text, v->size);
        text[v->size] = '\0';
        return parse_timestamp(text, ret_usec) >= 0;
}

uint64_t filter_due_usec(const RemoteOptions *options, const Value *values, uint64_t synced_at_usec)
{
        uint64_t last = synced_at_usec;

        if (options->hold_usec == 0)
                return 0;
        if (!parse_value(values + SESSION_ENDED_AT, &last))
                (void) parse_value(values + SESSION_STARTED_AT, &last);
        return options->hold_usec > USEC_INFINITY - last ? USEC_INFINITY
                                                         : last + options->hold_usec;
}

void filter_strip(const Table *table, Value *values)
{
        for (size_t i = 0; i < table->n_columns; i++)
                if (table->columns[i].kind == COLUMN_TEXT || table->columns[i].kind == COLUMN_JSON)
                        values[i] = (Value){ 0 };
}
