/* The terminal, if there is one: colours, width, pager */
#include "ctl/terminal.h"

#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>

static struct {
        bool is_there;
        bool has_colour;
        size_t width;
        pid_t pager;
} terminal;

static const char *const sequences[N_STYLES] = {
        [STYLE_NONE] = "",           [STYLE_BOLD] = "\033[1m",      [STYLE_DIM] = "\033[2m",
        [STYLE_GOOD] = "\033[32m",   [STYLE_WARNING] = "\033[33m",  [STYLE_BAD] = "\033[1;31m",
        [STYLE_ACCENT] = "\033[36m", [STYLE_MASKED] = "\033[7;33m",
};

static bool is_set(const char *variable)
{
        const char *value = getenv(variable);

        return value && *value;
}

void terminal_init(void)
{
        const char *columns = getenv("COLUMNS"), *term = getenv("TERM");
        struct winsize size;

        terminal.is_there = isatty(STDOUT_FILENO) == 1;
        if (!terminal.is_there)
                return;
        terminal.has_colour = !is_set("NO_COLOR") && term && strcmp(term, "dumb") != 0;
        terminal.width = 80;
        if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
                terminal.width = size.ws_col;
        if (columns && atoi(columns) > 0)
                terminal.width = (size_t) atoi(columns);
}

bool terminal_is_there(void)
{
        return terminal.is_there;
}

size_t terminal_width(void)
{
        return terminal.width;
}

const char *style_on(Style style)
{
        return terminal.has_colour ? sequences[style] : "";
}

const char *style_off(void)
{
        return terminal.has_colour ? "\033[0m" : "";
}

void terminal_clear_line(FILE *f)
{
        fputs("\r\033[K", f);
}

/* "$0" is the pager, with its options; a shell answers 126 or 127 where there is no such program, after it said so. Then the
 * output is still to come. */
#define TRY_PAGER "sh -c \"$0\"; case $? in 126 | 127) exec cat;; esac"

static void run_pager(void)
{
        const char *command = is_set("SCRUBJAY_PAGER") ? getenv("SCRUBJAY_PAGER")
                              : is_set("PAGER")        ? getenv("PAGER")
                                                       : NULL;

        /* F: quit if it fits on the screen, R: colours only, X: leave it on the screen */
        (void) setenv("LESS", "FRX", 0);
        if (command)
                (void) execl("/bin/sh", "sh", "-c", TRY_PAGER, command, (char *) NULL);
        (void) execlp("less", "less", (char *) NULL);
        (void) execlp("more", "more", (char *) NULL);
        (void) execlp("cat", "cat", (char *) NULL);
        _exit(127);
}

void pager_open(void)
{
        int ends[2];

        if (!terminal.is_there || terminal.pager > 0)
                return;
        fflush(stdout);
        if (pipe(ends) < 0)
                return;
        terminal.pager = fork();
        if (terminal.pager == 0) {
                (void) dup2(ends[0], STDIN_FILENO);
                (void) close(ends[0]);
                (void) close(ends[1]);
                run_pager();
        }
        if (terminal.pager > 0)
                (void) dup2(ends[1], STDOUT_FILENO);
        (void) close(ends[0]);
        (void) close(ends[1]);
        /* the person leaves the pager before the end: then writing fails, which is no error; Ctrl-C is the pager's */
        (void) signal(SIGPIPE, SIG_IGN);
        (void) signal(SIGINT, SIG_IGN);
}

void pager_close(void)
{
        if (terminal.pager <= 0)
                return;
        (void) fflush(stdout);
        (void) close(STDOUT_FILENO);
        while (waitpid(terminal.pager, NULL, 0) < 0 && errno == EINTR)
                ;
        terminal.pager = 0;
        /* nothing more is written; closing it again must not fail in the caller's eyes */
        clearerr(stdout);
}
