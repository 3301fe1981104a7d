/* SyncState: the sync state as JSON */
#include "archive/sync-state.h"

#include <inttypes.h>
#include <string.h>

#include "base/file-util.h"
#include "base/json.h"
#include "base/terminal-text.h"
#include "base/time-util.h"

/* A million sessions take about 130 MB. */
#define STATE_BYTES_MAX ((size_t) 1 << 30)
#define STATE_DEPTH_MAX 32

void sync_state_init(SyncState *s)
{
        *s = (SyncState){ .version = SYNC_VERSION };
}

static void forget_sessions(SyncState *s)
{
        for (size_t i = 0; i < s->n_sessions; i++) {
                free(s->sessions[i].session_id);
                free(s->sessions[i].file_hash);
        }
        free(s->sessions);
        s->sessions = NULL;
        s->n_sessions = 0;
}

void sync_state_done(SyncState *s)
{
        forget_sessions(s);
        sync_state_init(s);
}

/* The index of a session, or of the place where it belongs. */
static size_t find_place(const SyncState *s, const char *session_id, bool *ret_found)
{
        size_t low = 0, high = s->n_sessions;

        *ret_found = false;
        /* sessions mostly come in order: look at the end first */
        if (high > 0 && strcmp(s->sessions[high - 1].session_id, session_id) < 0)
                return high;
        while (low < high) {
                size_t middle = low + (high - low) / 2;
                int order = strcmp(s->sessions[middle].session_id, session_id);

                if (order == 0) {
                        *ret_found = true;
                        return middle;
                }
                if (order < 0)
                        low = middle + 1;
                else
                        high = middle;
        }
        return low;
}

void sync_state_put(SyncState *s, const char *session_id, const char *file_hash,
                    int64_t last_ordinal)
{
        bool found;
        size_t i = find_place(s, session_id, &found);

        if (!found) {
                APPEND(s->sessions, s->n_sessions, (SyncCursor){ 0 });
                memmove(s->sessions + i + 1, s->sessions + i,
                        (s->n_sessions - 1 - i) * sizeof(*s->sessions));
                s->sessions[i] = (SyncCursor){ .session_id = xstrdup(session_id) };
        }
        free(s->sessions[i].file_hash);
        s->sessions[i].file_hash = xstrdup(file_hash ?: "");
        s->sessions[i].last_ordinal = last_ordinal;
}

/* The value of @key: a whole number from @min on, or @fallback if it is missing. */
static int get_number(struct json_object *object, const char *key, int64_t min, int64_t fallback,
                      int64_t *ret)
{
        struct json_object *value;

        if (!json_object_object_get_ex(object, key, &value) || !value) {
                *ret = fallback;
                return 0;
        }
        if (!json_object_is_type(value, json_type_int) || json_object_get_int64(value) < min)
                return -EBADMSG;
        *ret = json_object_get_int64(value);
        return 0;
}

/* The value of @key: a time, or 0 if it is missing, null, empty, or the year 1 that some writers use for never. */
static int get_time(struct json_object *object, const char *key, uint64_t *ret)
{
        struct json_object *value;
        const char *text;

        *ret = 0;
        if (!json_object_object_get_ex(object, key, &value) || !value)
                return 0;
        if (!json_object_is_type(value, json_type_string))
                return -EBADMSG;
        text = json_object_get_string(value);
        if (!*text || strncmp(text, "0001-01-01T", 11) == 0)
                return 0;
        return parse_timestamp(text, ret) < 0 ? -EBADMSG : 0;
}

static int take_session(SyncState *s, const char *id, struct json_object *value)
{
        struct json_object *hash = NULL;
        int64_t last_ordinal;
        int r;

        if (!json_object_is_type(value, json_type_object))
                return -EBADMSG;
        if (json_object_object_get_ex(value, "file_hash", &hash) && hash &&
            !json_object_is_type(hash, json_type_string))
                return -EBADMSG;
        r = get_number(value, "last_ordinal", -1, -1, &last_ordinal);
        if (r < 0)
                return r;
        sync_state_put(s, id, hash ? json_object_get_string(hash) : "", last_ordinal);
        return 0;
}

/* Fills @s; *@ret_key names the key that is not as it should be. */
static int take_object(SyncState *s, struct json_object *root, const char **ret_key)
{
        struct json_object *sessions = NULL;
        int64_t total_synced, total_masked;
        int r;

        if ((r = get_number(root, *ret_key = "version", 0, 0, &s->version)) < 0 ||
            (r = get_number(root, *ret_key = "total_synced", 0, 0, &total_synced)) < 0 ||
            (r = get_number(root, *ret_key = "total_masked", 0, 0, &total_masked)) < 0 ||
            (r = get_time(root, *ret_key = "last_synced_at", &s->last_synced_at_usec)) < 0 ||
            (r = get_time(root, *ret_key = "last_session_created_at",
                          &s->last_session_created_at_usec)) < 0)
                return r;
        s->total_synced = (uint64_t) total_synced;
        s->total_masked = (uint64_t) total_masked;
        *ret_key = "sessions";
        if (!json_object_object_get_ex(root, "sessions", &sessions) || !sessions)
                return 0;
        if (!json_object_is_type(sessions, json_type_object))
                return -EBADMSG;
        json_object_object_foreach(sessions, id, value)
        {
                r = take_session(s, id, value);
                if (r < 0)
                        return r;
        }
        return 0;
}

static size_t line_of(const char *json, size_t offset)
{
        size_t line = 1;

        for (size_t i = 0; i < offset; i++)
                line += json[i] == '\n';
        return line;
}

/* Parses the one JSON value that @json must be. */
static int parse_json(const char *json, size_t size, const char *name, struct json_object **ret,
                      char **reterr)
{
        _cleanup_(json_tokener_freep) struct json_tokener *tokener = json_tokener_new_ex(
                        STATE_DEPTH_MAX);
        _cleanup_(json_object_putp) struct json_object *root = NULL;
        enum json_tokener_error error;

        if (!tokener)
                return -ENOMEM;
        json_tokener_set_flags(tokener, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
        /* with its NUL, which ends a top-level number or an incomplete text */
        root = json_tokener_parse_ex(tokener, json, (int) size + 1);
        error = json_tokener_get_error(tokener);
        if (error != json_tokener_success) {
                size_t at = json_tokener_get_parse_end(tokener);

                format_error(reterr, "%s: line %zu is not JSON: %s", name,
                             line_of(json, at < size ? at : size),
                             error == json_tokener_continue ? "it ends too early"
                                                            : json_tokener_error_desc(error));
                return -EBADMSG;
        }
        *ret = TAKE_PTR(root);
        return 0;
}

/* The JSON parser accepts some bytes that are not UTF-8. */
static bool is_utf8(const char *text, size_t size)
{
        uint32_t c = 0;

        for (size_t n; size > 0 && c != UINT32_MAX; text += n, size -= n)
                n = utf8_read(text, size, &c);
        return c != UINT32_MAX;
}

int sync_state_parse(const char *json, size_t size, const char *name, SyncState *ret, char **reterr)
{
        _cleanup_(json_object_putp) struct json_object *root = NULL;
        _cleanup_(sync_state_done) SyncState s = { 0 };
        const char *key = NULL;
        int r;

        if (size >= INT32_MAX) {
                format_error(reterr, "%s is too large for a sync state", name);
                return -EBADMSG;
        }
        if (!is_utf8(json, size)) {
                format_error(reterr, "%s is not UTF-8", name);
                return -EBADMSG;
        }
        r = parse_json(json, size, name, &root, reterr);
        if (r < 0)
                return r;
        if (!json_object_is_type(root, json_type_object)) {
                format_error(reterr, "%s is JSON, but not a sync state: it is not an object", name);
                return -EBADMSG;
        }
        r = take_object(&s, root, &key);
        if (r == -EBADMSG)
                format_error(reterr, "%s is not a sync state: \"%s\" is invalid", name, key);
        if (r < 0)
                return r;
        *ret = s;
        s = (SyncState){ 0 };
        return 0;
}

static struct json_object *time_object(uint64_t usec)
{
        char buffer[TIMESTAMP_MAX];

        return usec > 0 ? json_object_new_string(format_timestamp(buffer, usec)) : NULL;
}

/* Appends one string as JSON, fit for a terminal too. */
static int put_json_string(StrBuf *b, const char *s)
{
        _cleanup_(json_object_putp) struct json_object *o = json_object_new_string(s);

        const char *text = o ? json_object_to_json_string_ext(
                                               o, JSON_C_TO_STRING_PLAIN |
                                                                  JSON_C_TO_STRING_NOSLASHESCAPE)
                             : NULL;

        return text ? put_safe_json(b, text, strlen(text)) : -ENOMEM;
}

int sync_state_format(const SyncState *s, StrBuf *b)
{
        _cleanup_(json_object_putp) struct json_object *created = time_object(
                        s->last_session_created_at_usec);
        _cleanup_(json_object_putp) struct json_object *synced = time_object(
                        s->last_synced_at_usec);

        (void) strbuf_printf(b,
                             "{\n  \"version\": %" PRId64
                             ",\n  \"last_session_created_at\": %s,\n  \"sessions\": {",
                             s->version, json_object_to_json_string(created));
        for (size_t i = 0; i < s->n_sessions; i++) {
                const SyncCursor *c = s->sessions + i;

                (void) strbuf_puts(b, i > 0 ? ",\n    " : "\n    ");
                if (put_json_string(b, c->session_id) < 0 ||
                    strbuf_puts(b, ": {\"file_hash\": ") < 0 ||
                    put_json_string(b, c->file_hash) < 0)
                        return -ENOMEM;
                (void) strbuf_printf(b, ", \"last_ordinal\": %" PRId64 "}", c->last_ordinal);
        }
        return strbuf_printf(b,
                             "%s},\n  \"last_synced_at\": %s,\n  \"total_synced\": %" PRIu64
                             ",\n  \"total_masked\": %" PRIu64 "\n}\n",
                             s->n_sessions > 0 ? "\n  " : "", json_object_to_json_string(synced),
                             s->total_synced, s->total_masked);
}

int sync_state_load(const char *path, SyncState *ret, char **reterr)
{
        _cleanup_free_ char *json = NULL;
        size_t size;
        int r;

        r = file_read(path, STATE_BYTES_MAX, &json, &size);
        if (r == -ENOENT) {
                sync_state_init(ret);
                return 0;
        }
        if (r < 0) {
                format_error(reterr, "the sync state %s cannot be read: %s", path, strerror(-r));
                return r;
        }
        return sync_state_parse(json, size, path, ret, reterr);
}

int sync_state_save(const SyncState *s, const char *path)
{
        _cleanup_(strbuf_done) StrBuf b = { 0 };
        int r;

        r = sync_state_format(s, &b);
        if (r < 0)
                return r;
        return file_write_atomic(path, 0600, b.data, b.size);
}
