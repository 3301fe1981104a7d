/*
 * scrubjayctl mask: text in, the same text without secrets out
 *
 * Works without service and archive. What it reads is never written anywhere but to standard output, masked.
 */
#include <string.h>

#include "base/strbuf.h"
#include "ctl/command.h"
#include "ctl/i18n.h"
#include "ctl/json-out.h"
#include "ctl/options.h"
#include "ctl/rules-load.h"

typedef struct MaskRun {
        Masker *masker;
        bool json_lines, check, session;
        bool failed; /* a line could not be read; the others were */
        size_t n_findings;
} MaskRun;

static void wipe(StrBuf *b)
{
        if (b->data)
                explicit_bzero(b->data, b->allocated);
        strbuf_done(b);
}

static int read_all(FILE *f, StrBuf *b)
{
        for (;;) {
                size_t n;

                if (strbuf_reserve(b, 65536) < 0)
                        return -ENOMEM;
                n = fread(b->data + b->size, 1, b->allocated - b->size - 1, f);
                b->size += n;
                b->data[b->size] = 0;
                if (n == 0)
                        return ferror(f) ? -EIO : 0;
        }
}

/* "3: github-pat", a line each finding; never what was found. */
static void print_findings(const char *text, const Masked *masked)
{
        size_t line = 1, at = 0;

        for (size_t i = 0; i < masked->n_findings; i++) {
                for (; at < masked->findings[i].start; at++)
                        line += text[at] == '\n';
                fprintf(stderr, "%zu: %s\n", line, masked->findings[i].rule);
        }
}

static int mask_all(MaskRun *run)
{
        _cleanup_(wipe) StrBuf text = { 0 };
        Masked masked;
        int r;

        r = read_all(stdin, &text);
        if (r < 0)
                return r;
        r = masker_mask(run->masker, MASK_JSON, text.data, text.size, &masked);
        if (r < 0)
                return r;
        run->n_findings += masked.n_findings;
        if (run->check) {
                print_findings(text.data, &masked);
                return 0;
        }
        return fwrite(masked.text, 1, masked.size, stdout) == masked.size ? 0 : -EIO;
}

static struct json_object *list_findings(const Masked *masked)
{
        struct json_object *list = json_object_new_array();

        for (size_t i = 0; i < masked->n_findings; i++) {
                struct json_object *o = json_object_new_object();

                json_add_text(o, "rule", masked->findings[i].rule);
                json_add_count(o, "start", masked->findings[i].start);
                json_add_count(o, "end", masked->findings[i].end);
                (void) json_object_array_add(list, o);
        }
        return list;
}

/* What cannot be read is answered too, so that answers stay in step with questions. */
static int answer_error(MaskRun *run, struct json_object *question)
{
        struct json_object *answer = json_object_new_object();

        run->failed = true;
        (void) json_object_object_add(answer, "id",
                                      json_object_get(json_object_object_get(question, "id")));
        json_add_text(answer, "error", "not an object with a string \"text\"");
        return json_print_line(stdout, answer);
}

static int answer(MaskRun *run, const char *line, size_t size)
{
        _cleanup_(json_object_putp) struct json_object *question = NULL;
        struct json_object *text, *o;
        struct json_tokener *tokener = json_tokener_new();
        Masked masked;
        int r;

        if (!tokener)
                return -ENOMEM;
        question = json_tokener_parse_ex(tokener, line, (int) size);
        json_tokener_free(tokener);
        text = json_object_is_type(question, json_type_object)
                               ? json_object_object_get(question, "text")
                               : NULL;
        if (!json_object_is_type(text, json_type_string))
                return answer_error(run, json_object_is_type(question, json_type_object) ? question
                                                                                         : NULL);
        if (!run->session)
                masker_forget(run->masker);
        r = masker_mask(run->masker, MASK_JSON, json_object_get_string(text),
                        (size_t) json_object_get_string_len(text), &masked);
        if (r < 0)
                return r;
        run->n_findings += masked.n_findings;
        o = json_object_new_object();
        (void) json_object_object_add(o, "id",
                                      json_object_get(json_object_object_get(question, "id")));
        (void) json_object_object_add(o, "text",
                                      json_object_new_string_len(masked.text, (int) masked.size));
        (void) json_object_object_add(o, "findings", list_findings(&masked));
        return json_print_line(stdout, o);
}

static int mask_lines(MaskRun *run)
{
        _cleanup_free_ char *line = NULL;
        size_t allocated = 0;
        ssize_t n;
        int r = 0;

        while (r >= 0 && (n = getline(&line, &allocated, stdin)) > 0) {
                if (n == 1)
                        continue;
                r = answer(run, line, (size_t) n);
                /* Whoever asks line by line waits for the answer. */
                if (r >= 0 && fflush(stdout) != 0)
                        r = -EIO;
        }
        if (line)
                explicit_bzero(line, allocated);
        return r < 0 ? r : ferror(stdin) ? -EIO : 0;
}

static void run_done(MaskRun *run)
{
        (void) masker_free(run->masker);
}

int command_mask(int argc, char *argv[])
{
        _cleanup_(ruleset_unrefp) Ruleset *rules = NULL;
        _cleanup_(run_done) MaskRun run = { 0 };
        const Option options[] = {
                { "jsonl", NULL,
                  N_("read {\"id\",\"text\"} a line, answer {\"id\",\"text\",\"findings\"}"),
                  OPTION_FLAG, &run.json_lines },
                { "session", NULL,
                  N_("with --jsonl: the lines belong together; a secret of one is masked in the next"),
                  OPTION_FLAG, &run.session },
                { "check", NULL,
                  N_("print no text; exit 1 when there is a secret, 0 when there is none"),
                  OPTION_FLAG, &run.check },
        };
        const Usage usage = {
                .summary = N_("Masks the secrets in what comes on standard input."),
                .example = "scrubjayctl mask < session.jsonl",
                .options = options,
                .n_options = ELEMENTSOF(options),
        };
        int first, r;

        r = options_parse(&usage, argc, argv, &first);
        if (r != 0)
                return r < 0 ? STATUS_USAGE : STATUS_DONE;
        if (rules_load_active(&rules) < 0 || rules_new_masker(rules, &run.masker) < 0)
                return STATUS_USAGE;
        r = run.json_lines ? mask_lines(&run) : mask_all(&run);
        if (r >= 0 && fflush(stdout) != 0)
                r = -errno;
        if (r < 0) {
                print_error(_("Masking stopped: %s."), strerror(-r));
                return STATUS_USAGE;
        }
        if (run.failed)
                return STATUS_USAGE;
        return run.check && run.n_findings > 0 ? STATUS_FAILED : STATUS_DONE;
}
