/*
 * scrubjayctl mask: text in, the same text without secrets out
 *
 * Works without service and archive. What it reads is never written anywhere but to standard output, masked, and no more of it
 * is kept in memory than a window, or a line.
 */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/terminal-text.h"
#include "ctl/command.h"
#include "ctl/explain.h"
#include "ctl/i18n.h"
#include "ctl/mask-line.h"
#include "ctl/options.h"
#include "ctl/rules-load.h"
#include "mask/mask-stream.h"

/* What is read in one go. */
#define READ_SIZE ((size_t) 128 * 1024)

typedef struct MaskRun {
        Masker *masker;
        bool json_lines, check, session, explain;
        bool failed; /* a line could not be read; the others were */
        size_t n_findings, n_lines;
        StrBuf input; /* what was read, from the incomplete line on */
        StrBuf answers;
        MaskLine line;
} MaskRun;

/* Appends what comes next on standard input. Returns how much, 0 at its end, or a negative errno. */
static ssize_t read_more(StrBuf *b)
{
        ssize_t n;

        if (strbuf_reserve(b, READ_SIZE) < 0)
                return -ENOMEM;
        do
                n = read(STDIN_FILENO, b->data + b->size, READ_SIZE);
        while (n < 0 && errno == EINTR);
        if (n < 0)
                return -errno;
        b->size += (size_t) n;
        b->data[b->size] = 0;
        return n;
}

static int write_text(void *userdata, const char *text, size_t size)
{
        const MaskRun *run = userdata;

        return run->check || fwrite(text, 1, size, stdout) == size ? 0 : -EIO;
}

/* "3: github-pat", a line for each finding; never what was found. */
static int count_finding(void *userdata, size_t line, const char *rule)
{
        MaskRun *run = userdata;

        run->n_findings++;
        if (run->check)
                fprintf(stderr, "%zu: %s\n", line, rule);
        return 0;
}

/* Standard input to its end. */
static int mask_input(MaskRun *run, MaskStream *stream, bool learning)
{
        ssize_t n;
        int r = 0;

        mask_stream_begin(stream, learning);
        do {
                strbuf_clear(&run->input);
                n = read_more(&run->input);
                if (n > 0)
                        r = mask_stream_feed(stream, run->input.data, (size_t) n);
                /* What is known to be masked is not kept back. */
                if (n > 0 && r >= 0 && fflush(stdout) != 0)
                        r = -errno;
        } while (n > 0 && r >= 0);
        if (n < 0 || r < 0)
                return n < 0 ? (int) n : r;
        return mask_stream_end(stream);
}

/* The size of a file on standard input; 0: it is not a file, and can be read only once. */
static off_t file_size(off_t *ret_start)
{
        struct stat st;

        if (fstat(STDIN_FILENO, &st) < 0 || !S_ISREG(st.st_mode))
                return 0;
        *ret_start = lseek(STDIN_FILENO, 0, SEEK_CUR);
        return *ret_start >= 0 && st.st_size > *ret_start ? st.st_size - *ret_start : 0;
}

static void tell_endless(const MaskStream *stream)
{
        size_t line;
        const char *rule = mask_stream_endless(stream, &line);

        print_error(_("Masking stopped: the secret that begins on line %zu (%s) does not end within "
                      "8 MB, so the text after it cannot be told from it. The output is masked, and "
                      "ends there."),
                    line, rule ?: _("a number"));
}

static int mask_all(MaskRun *run)
{
        const MaskSink sink = { write_text, count_finding, run };
        _cleanup_(mask_stream_freep) MaskStream *stream = mask_stream_new(run->masker,
                                                                          MASK_STREAM_PIECE, &sink);
        off_t start = 0;
        int r;

        /* A file is read twice, so that a secret is also masked before what reveals it. */
        if (file_size(&start) >= (off_t) (2 * MASK_STREAM_PIECE)) {
                r = mask_input(run, stream, true);
                /* As far as it could be read; the second time says why. */
                r = r == -EFBIG ? 0 : r;
                if (r >= 0 && lseek(STDIN_FILENO, start, SEEK_SET) < 0)
                        r = -errno;
                if (r < 0)
                        return r;
        }
        r = mask_input(run, stream, false);
        if (r == -EFBIG)
                tell_endless(stream);
        return r;
}

static int explain_all(const Ruleset *rules, Masker *masker)
{
        _cleanup_(strbuf_wipe) StrBuf text = { 0 };
        int r = strbuf_read(&text, stdin);

        return r < 0 ? r
                     : explain_text(rules, masker, text.data ?: "", text.size,
                                    &(ExplainOptions){ 0 });
}

/* @b, on standard output; with --check nothing comes out. */
static int write_answer(const MaskRun *run, const StrBuf *b)
{
        return b->failed ? -ENOMEM : write_text((void *) run, b->data, b->size);
}

/* An id may be anything, and contain a secret. A number does not, however long, and stays as it is. */
static int write_id(MaskRun *run)
{
        const MaskLine *l = &run->line;
        _cleanup_(strbuf_wipe) StrBuf b = { 0 };
        Masked id = { .text = l->id, .size = l->id_size };
        int r = 0;

        if (strchr("\"{[", l->id[0]))
                r = masker_mask(run->masker, MASK_JSON, l->id, l->id_size, &id);
        if (r < 0)
                return r;
        for (size_t i = 0; i < id.n_findings; i++)
                (void) count_finding(run, run->n_lines, id.findings[i].rule);
        (void) strbuf_puts(&b, "{\"id\":");
        (void) put_safe_json(&b, id.text, id.size);
        return write_answer(run, &b);
}

/* What cannot be read is answered too, so that answers stay in step with questions. */
static int answer_error(MaskRun *run)
{
        static const char reason[] = "not an object with a string \"text\"";
        StrBuf *b = &run->answers;
        int r = write_id(run);

        run->failed = true;
        if (run->check)
                print_error(_("Line %zu: not an object with a string \"text\"."), run->n_lines);
        strbuf_clear(b);
        (void) strbuf_puts(b, ",\"error\":");
        mask_line_put_string(b, reason, strlen(reason));
        (void) strbuf_puts(b, "}\n");
        return r < 0 ? r : write_answer(run, b);
}

/* Answers the line in run->line. */
static int answer_line(MaskRun *run)
{
        const MaskLine *l = &run->line;
        StrBuf *b = &run->answers;
        Masked masked;
        int r;

        r = masker_mask(run->masker, MASK_JSON, l->text.data, l->text.size, &masked);
        if (r < 0)
                return r;
        strbuf_clear(b);
        (void) strbuf_puts(b, ",\"text\":");
        mask_line_put_string(b, masked.text, masked.size);
        (void) strbuf_puts(b, ",\"findings\":[");
        for (size_t i = 0; i < masked.n_findings; i++) {
                const Finding *f = masked.findings + i;

                (void) count_finding(run, run->n_lines, f->rule);
                (void) strbuf_printf(b, "%s{\"rule\":\"%s\",\"start\":%zu,\"end\":%zu}",
                                     i > 0 ? "," : "", f->rule, f->start, f->end);
        }
        (void) strbuf_puts(b, "]}\n");
        /* The id comes first, and is masked last: a secret of the text is one in it. */
        r = write_id(run);
        return r < 0 ? r : write_answer(run, b);
}

static int answer(MaskRun *run, const char *line, size_t size)
{
        int r;

        if (!run->session)
                masker_forget(run->masker);
        r = mask_line_read(&run->line, line, size);
        if (r < 0)
                return r;
        return r > 0 ? answer_line(run) : answer_error(run);
}

/* Answers each complete line of what was read; at the end of the input, the rest is one. */
static int answer_lines(MaskRun *run, bool at_end)
{
        const char *line = run->input.data, *stop = line + run->input.size;
        int r = 0;

        while (r >= 0 && line < stop) {
                const char *end = memchr(line, '\n', (size_t) (stop - line));

                if (!end && !at_end)
                        break;
                end = end ? end + 1 : stop;
                run->n_lines++;
                if (end - line > 1 || *line != '\n')
                        r = answer(run, line, (size_t) (end - line));
                line = end;
        }
        run->input.size = (size_t) (stop - line);
        memmove(run->input.data, line, run->input.size);
        return r;
}

static int mask_lines(MaskRun *run)
{
        ssize_t n;
        int r = 0;

        do {
                size_t before = run->input.size;

                n = read_more(&run->input);
                /* A long line comes in many pieces, and is answered when its end is there. */
                if (n < 0 || (n > 0 && !memchr(run->input.data + before, '\n', (size_t) n)))
                        continue;
                r = answer_lines(run, n == 0);
                /* Whoever asks line by line waits for the answer. */
                if (r >= 0 && fflush(stdout) != 0)
                        r = -EIO;
        } while (n > 0 && r >= 0);
        return n < 0 ? (int) n : r;
}

static void run_done(MaskRun *run)
{
        (void) masker_free(run->masker);
        strbuf_wipe(&run->input);
        strbuf_wipe(&run->answers);
        strbuf_wipe(&run->line.text);
}

int command_mask(int argc, char *argv[])
{
        _cleanup_(ruleset_unrefp) Ruleset *rules = NULL;
        _cleanup_(run_done) MaskRun run = { 0 };
        const Option options[] = {
                { "jsonl", NULL,
                  N_("read {\"id\",\"text\"} per line, answer {\"id\",\"text\",\"findings\"}"),
                  OPTION_FLAG, &run.json_lines },
                { "session", NULL,
                  N_("with --jsonl: the lines belong together; a secret in one is masked in the "
                     "following ones"),
                  OPTION_FLAG, &run.session },
                { "check", NULL,
                  N_("print no text; the exit status is 1 if there is a secret, otherwise 0"),
                  OPTION_FLAG, &run.check },
                { "explain", NULL,
                  N_("print no text, but each value beside a name that secrets have, and why it is "
                     "masked or stays"),
                  OPTION_FLAG, &run.explain },
        };
        const Usage usage = {
                .summary = N_("Masks the secrets in standard input."),
                .example = "scrubjayctl mask < session.jsonl",
                .options = options,
                .n_options = ELEMENTSOF(options),
        };
        int r;

        (void) options_parse(&usage, argc, argv);
        if (run.session && !run.json_lines)
                return options_need("--session", "--jsonl"), STATUS_USAGE;
        if (run.explain && (run.json_lines || run.check)) {
                print_error(_("--explain cannot be combined with --jsonl or --check."));
                return STATUS_USAGE;
        }
        if (rules_load_active(&rules) < 0 || rules_new_masker(rules, &run.masker) < 0)
                return STATUS_USAGE;
        r = run.explain      ? explain_all(rules, run.masker)
            : run.json_lines ? mask_lines(&run)
                             : mask_all(&run);
        if (r >= 0 && fflush(stdout) != 0)
                r = -errno;
        if (r == -EFBIG) /* reported */
                return STATUS_USAGE;
        if (r < 0) {
                print_error(_("Masking stopped: %s."), strerror(-r));
                return STATUS_USAGE;
        }
        if (run.failed)
                return STATUS_USAGE;
        return run.check && run.n_findings > 0 ? STATUS_FAILED : STATUS_DONE;
}
