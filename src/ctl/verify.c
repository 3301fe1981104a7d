/*
 * scrubjayctl verify: does anything in the archive still look like a secret?
 *
 * Reads all that is archived and masks it once more with the rules in force, in memory. What that would change is
 * named by its place and its rule, never by its text.
 */
#include <inttypes.h>
#include <string.h>

#include "archive/archive-damage.h"
#include "ctl/command.h"
#include "ctl/i18n.h"
#include "ctl/json-out.h"
#include "ctl/options.h"
#include "ctl/places.h"
#include "ctl/rules-load.h"
#include "ctl/text.h"

/* What hangs on a session beside its messages. */
static const struct Beside {
        const Table *table;
        const char *prefix;
} beside[] = {
        { &pin_table, "pin/" },
        { &label_table, "label/" },
        { &usage_table, "usage/" },
        { &link_table, "link/" },
};

typedef struct Verify {
        Query *q;
        Masker *masker;
        bool json;
        JsonArray array;
        const char *session_id;      /* the one that is read */
        const struct Beside *beside; /* what of it */
        int64_t ordinal;             /* -1: its own row */
        uint64_t n_sessions, n_bytes, n_findings;
} Verify;

static int print_finding(Verify *v, const char *field, const char *rule)
{
        _cleanup_free_ char *id = NULL;

        v->n_findings++;
        if (v->json) {
                struct json_object *o = json_new();

                json_add_text(o, "session_id", v->session_id);
                if (v->ordinal >= 0)
                        json_add_count(o, "ordinal", (uint64_t) v->ordinal);
                else
                        json_add_text(o, "ordinal", NULL);
                json_add_text(o, "field", field);
                json_add_text(o, "rule", rule);
                return json_array_print(&v->array, o);
        }
        id = printable(v->session_id);
        if (v->ordinal >= 0)
                printf("%s %" PRId64 " %s: %s\n", id, v->ordinal, field, rule);
        else
                printf("%s - %s: %s\n", id, field, rule);
        return ferror(stdout) ? -EPIPE : 0;
}

static int check_row(Verify *v, const Table *table, const char *prefix, const Value *values)
{
        for (size_t i = 0; i < table->n_columns; i++) {
                const Column *c = &table->columns[i];
                _cleanup_free_ char *field = NULL;
                Masked masked;
                int r;

                if (!column_is_masked(c) || values[i].type != VALUE_TEXT)
                        continue;
                v->n_bytes += values[i].size;
                r = masker_mask(v->masker, c->kind == COLUMN_JSON ? MASK_JSON : MASK_TEXT,
                                values[i].text, values[i].size, &masked);
                if (r < 0)
                        return r;
                field = xasprintf("%s%s", prefix, c->name);
                for (size_t k = 0; k < masked.n_findings; k++) {
                        r = print_finding(v, field, masked.findings[k].rule);
                        if (r < 0)
                                return r;
                }
        }
        return 0;
}

static int on_message(void *userdata, const Message *m)
{
        Verify *v = userdata;
        int r;

        v->ordinal = m->values[MESSAGE_ORDINAL].integer;
        r = check_row(v, &message_table, "", m->values);
        for (size_t i = 0; r >= 0 && i < m->n_calls; i++)
                r = check_row(v, &call_table, "tool_calls/", m->calls[i]);
        for (size_t i = 0; r >= 0 && i < m->n_events; i++)
                r = check_row(v, &event_table, "tool_result_events/", m->events[i]);
        return r;
}

static int on_beside(void *userdata, const Value *values)
{
        Verify *v = userdata;

        return check_row(v, v->beside->table, v->beside->prefix, values);
}

static int on_session(void *userdata, const SessionRow *session)
{
        const Value *id = &session->values[SESSION_ID];
        _cleanup_free_ char *copy = xstrndup(id->text ?: "", id->size);
        Verify *v = userdata;
        int r;

        v->session_id = copy;
        v->ordinal = -1;
        v->n_sessions++;
        masker_forget(v->masker);
        r = check_row(v, &session_table, "", session->values);
        for (size_t i = 0; r >= 0 && i < ELEMENTSOF(beside); i++) {
                v->beside = beside + i;
                r = query_rows(v->q, v->beside->table, copy, on_beside, v);
        }
        if (r >= 0)
                r = query_messages(v->q, copy, NULL, on_message, v);
        v->session_id = NULL;
        return r < 0 ? r : 0;
}

static void verify_done(Verify *v)
{
        (void) masker_free(v->masker);
        (void) query_close(v->q);
}

static void print_sum(const Verify *v)
{
        _cleanup_(strbuf_done) StrBuf size = { 0 }, sessions = { 0 };

        (void) strbuf_printf(&sessions,
                             P_("%" PRIu64 " session", "%" PRIu64 " sessions", v->n_sessions),
                             v->n_sessions);
        if (put_size(&size, v->n_bytes) < 0 || sessions.failed)
                return;
        if (v->n_findings == 0)
                printf(_("Nothing looks like a secret: %s, %s of text.\n"), sessions.data,
                       size.data);
        else
                printf(P_("%" PRIu64
                          " place looks like a secret, in %s, %s of text. 'scrubjayctl resync' "
                          "masks everything again.\n",
                          "%" PRIu64
                          " places look like a secret, in %s, %s of text. 'scrubjayctl resync' "
                          "masks everything again.\n",
                          v->n_findings),
                       v->n_findings, sessions.data, size.data);
}

/* The file itself, instead of its content. */
static int check_integrity(Query *q)
{
        _cleanup_free_ char *problem = NULL;
        int r = archive_check(query_database(q), ARCHIVE_CHECK_FULL, &problem);

        if (r < 0)
                return query_failed(q, r);
        if (r > 0) {
                print_error(_("The archive is damaged: %s. Restart the service: it moves the file aside "
                              "and builds a new one from the source."),
                            problem);
                return STATUS_FAILED;
        }
        return puts(_("The archive is intact.")) < 0 ? STATUS_FAILED : STATUS_DONE;
}

int command_verify(int argc, char *argv[])
{
        _cleanup_(ruleset_unrefp) Ruleset *rules = NULL;
        _cleanup_(verify_done) Verify v = { 0 };
        bool integrity = false;
        const Option options[] = {
                { "integrity", NULL, N_("check the whole database file instead"), OPTION_FLAG,
                  &integrity },
                { "json", NULL, N_("print the places as a JSON array"), OPTION_FLAG, &v.json },
        };
        const Usage usage = {
                .summary = N_("Searches the whole archive with all rules, and lists what still "
                              "looks like a secret."),
                .example = "scrubjayctl verify",
                .options = options,
                .n_options = ELEMENTSOF(options),
        };
        SessionFilter all = { 0 };
        int r;

        (void) options_parse(&usage, argc, argv);
        if (integrity && v.json)
                return options_clash("--json", "--integrity"), STATUS_USAGE;
        if (integrity)
                return places_open_archive(&v.q) < 0 ? STATUS_FAILED : check_integrity(v.q);
        if (rules_load_active(&rules) < 0 || rules_new_masker(rules, &v.masker) < 0 ||
            places_open_archive(&v.q) < 0)
                return STATUS_FAILED;
        r = query_sessions(v.q, &all, on_session, &v);
        if (r < 0 && r != -EPIPE)
                return query_failed(v.q, r);
        if (v.json)
                json_array_end(&v.array);
        else
                print_sum(&v);
        return v.n_findings > 0 ? STATUS_FAILED : STATUS_DONE;
}
