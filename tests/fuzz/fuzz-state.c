/*
 * Fuzz: the sync state JSON
 *
 * Any bytes are a state or a clear error; what was read is written so that it reads the same.
 */
#include "archive/sync-state.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        _cleanup_(strbuf_done) StrBuf first = { 0 }, second = { 0 };
        _cleanup_(sync_state_done) SyncState a = { 0 }, b = { 0 };
        _cleanup_free_ char *reason = NULL, *text = malloc(size + 1);

        if (!text)
                return 0;
        memcpy(text, data, size);
        text[size] = 0;
        if (sync_state_parse(text, size, "state", &a, &reason) < 0) {
                MUST(reason && *reason);
                for (const char *p = reason; *p; p++)
                        MUST(*p >= ' ' &&
                             *p <= '~'); /* it is printed on a terminal, and quotes nothing */
                return 0;
        }
        MUST(sync_state_format(&a, &first) == 0);
        MUST(sync_state_parse(first.data, first.size, "state", &b, NULL) == 0);
        MUST(sync_state_format(&b, &second) == 0);
        MUST(first.size == second.size && memcmp(first.data, second.data, first.size) == 0);
        for (size_t i = 0; i < a.n_sessions; i++)
                sync_state_put(&b, a.sessions[i].session_id, "x", 0);
        MUST(b.n_sessions == a.n_sessions);
        return 0;
}
