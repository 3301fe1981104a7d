/* Remote: its tables */
#include "remote/remote.h"

const Table *remote_table(RemoteTable table)
{
        static const Table *const tables[N_REMOTE_TABLES] = {
                [REMOTE_SESSIONS] = &session_table,  [REMOTE_MESSAGES] = &message_table,
                [REMOTE_CALLS] = &call_table,        [REMOTE_LINKS] = &link_table,
                [REMOTE_STARS] = &star_table,        [REMOTE_PINS] = &pin_table,
                [REMOTE_DELETES] = &tombstone_table, [REMOTE_USAGE] = &usage_table,
                [REMOTE_LABELS] = &label_table,
        };

        return tables[table];
}
