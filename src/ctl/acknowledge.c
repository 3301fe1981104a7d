/* Acknowledging: a secret was rotated, or need not be */
#include <ctype.h>
#include <inttypes.h>
#include <string.h>

#include "archive/acknowledged.h"
#include "ctl/command.h"
#include "ctl/findings.h"
#include "ctl/i18n.h"
#include "ctl/places.h"
#include "ctl/rules-load.h"
#include "ctl/text.h"

#define DIGITS_MIN 4
#define DIGITS_MAX 16
#define NOTE_MAX   1000 /* bytes, as its error says */

typedef struct Secrets {
        uint64_t *fingerprints;
        size_t n;
} Secrets;

static void secrets_done(Secrets *s)
{
        free(s->fingerprints);
}

static int compare(const void *a, const void *b)
{
        const uint64_t *x = a, *y = b;

        return (*x > *y) - (*x < *y);
}

/* One that two rules found, or that was named twice, is one. */
static void keep_different(Secrets *s)
{
        size_t n = 0;

        if (s->n > 0)
                qsort(s->fingerprints, s->n, sizeof(*s->fingerprints), compare);
        for (size_t i = 0; i < s->n; i++)
                if (n == 0 || s->fingerprints[n - 1] != s->fingerprints[i])
                        s->fingerprints[n++] = s->fingerprints[i];
        s->n = n;
}

/* Returns 0, or a negative errno after saying what is wrong with the name. */
static int find_secret(Query *q, const char *name, Secrets *secrets)
{
        char digits[DIGITS_MAX + 1];
        uint64_t found[2];
        size_t n = strlen(name);
        int r;

        if (n < DIGITS_MIN || n > DIGITS_MAX || strspn(name, "0123456789abcdefABCDEF") != n) {
                print_error(_("'%s' is not the fingerprint of a secret. 'scrubjayctl findings' "
                              "shows these in the column SECRET."),
                            name);
                return -EINVAL;
        }
        for (size_t i = 0; i <= n; i++)
                digits[i] = (char) tolower((unsigned char) name[i]);
        r = query_find_secrets(q, digits, ELEMENTSOF(found), found);
        if (r < 0)
                return query_failed(q, r), r;
        if (r == 1) {
                APPEND(secrets->fingerprints, secrets->n, found[0]);
                return 0;
        }
        if (r == 0)
                print_error(_("The archive has no secret '%s'."), name);
        else
                print_error(_("Several secrets begin with '%s'; give more digits (--json shows all "
                              "16)."),
                            name);
        return -ENOENT;
}

/* A note is a person's own text, and may contain the secret itself. Returns 0 or a negative errno after saying why. */
static int mask_note(const char *note, char **ret)
{
        _cleanup_(ruleset_unrefp) Ruleset *rules = NULL;
        _cleanup_(masker_freep) Masker *masker = NULL;
        _cleanup_free_ char *line = NULL;
        Masked masked;
        int r;

        if (strlen(note) > NOTE_MAX) {
                print_error(_("A note can have at most 1000 bytes."));
                return -E2BIG;
        }
        r = rules_load_active(&rules);
        if (r >= 0)
                r = rules_new_masker(rules, &masker);
        if (r < 0)
                return r;
        line = printable(note);
        r = masker_mask(masker, MASK_TEXT, line, strlen(line), &masked);
        if (r < 0) {
                print_error(_("The note cannot be masked: %s."), strerror(-r));
                return r;
        }
        if (masked.n_findings > 0)
                print_error(_("The note contained a secret, which was masked."));
        *ret = xstrndup(masked.text, masked.size);
        return 0;
}

static void say_done(size_t n, size_t n_named, bool undo)
{
        if (n == 0 && n_named > 0)
                puts(undo ? _("Nothing changed: no acknowledged secret was named.")
                          : _("Nothing changed: it was acknowledged already."));
        else if (undo)
                printf(P_("%zu secret is open again.\n", "%zu secrets are open again.\n", n), n);
        else
                printf(P_("%zu secret acknowledged.\n", "%zu secrets acknowledged.\n", n), n);
}

static int write_list(const Secrets *secrets, const char *note, bool undo)
{
        _cleanup_(acknowledged_closep) Acknowledged *list = NULL;
        _cleanup_free_ char *archive = NULL, *sentence = NULL;
        size_t n_done = 0;
        int r;

        if (places_archive(&archive) < 0)
                return STATUS_FAILED;
        r = acknowledged_open(archive, &list, &sentence);
        if (r < 0) {
                print_error("%s", sentence ?: strerror(-r));
                return STATUS_FAILED;
        }
        for (size_t i = 0; r >= 0 && i < secrets->n; i++) {
                r = undo ? acknowledged_remove(list, secrets->fingerprints[i])
                         : acknowledged_put(list, secrets->fingerprints[i], note);
                n_done += r > 0;
        }
        if (r >= 0)
                r = acknowledged_commit(list);
        if (r < 0) {
                print_error(_("The list of acknowledged secrets cannot be written: %s."),
                            acknowledged_reason(list));
                return STATUS_FAILED;
        }
        say_done(n_done, secrets->n, undo);
        return STATUS_DONE;
}

/* Writes the list, after checking the note. */
static int apply(Secrets *secrets, const char *note, bool undo)
{
        _cleanup_free_ char *masked = NULL;

        keep_different(secrets);
        if (note && mask_note(note, &masked) < 0)
                return STATUS_FAILED;
        return write_list(secrets, masked, undo);
}

int findings_acknowledge(Query *q, char *const *names, size_t n, const char *note, bool undo)
{
        _cleanup_(secrets_done) Secrets secrets = { 0 };

        for (size_t i = 0; i < n; i++)
                if (find_secret(q, names[i], &secrets) < 0)
                        return STATUS_FAILED;
        return apply(&secrets, note, undo);
}

static int on_secret(void *userdata, const FindingGroupRow *secret)
{
        Secrets *secrets = userdata;

        APPEND(secrets->fingerprints, secrets->n, secret->fingerprint);
        return 0;
}

int findings_take_baseline(Query *q, const FindingFilter *filter, const char *note)
{
        _cleanup_(secrets_done) Secrets secrets = { 0 };
        int r;

        r = query_finding_groups(q, filter, GROUP_SECRET, on_secret, &secrets);
        if (r < 0)
                return query_failed(q, r);
        return apply(&secrets, note ?: "baseline", false);
}
