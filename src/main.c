/*
 * scrubjayd
 *
 * Arguments, settings, and the parts put together: the daemon, its face on the bus, or one cycle with --once.
 */
#include <getopt.h>
#include <libintl.h>
#include <locale.h>
#include <malloc.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>

#include "base/process.h"
#include "base/sqlite-util.h"
#include "base/strbuf.h"
#include "config.h"
#include "remote/delivery.h"
#include "service/bus.h"
#include "service/log.h"
#include "service/once.h"

#define EXIT_UNUSABLE 2 /* usage, settings, source or archive */

typedef enum Action {
        ACTION_SERVE,
        ACTION_ONCE,
        ACTION_CHECK_CONFIG,
        ACTION_INTROSPECT,
        ACTION_VERSION,
        ACTION_HELP,
        ACTION_USAGE, /* the command line is invalid */
} Action;

static const char help_text[] =
                "Usage: scrubjayd [OPTION...]\n"
                "\n"
                "Keeps a masked archive of agent sessions up to date with agentsview's database.\n"
                "The service manager usually starts it: systemctl --user enable --now scrubjay\n"
                "\n"
                "  --config FILE      read FILE instead of the usual settings files\n"
                "  --source PATH      agentsview's sessions.db\n"
                "  --archive PATH     the masked archive\n"
                "  --remote URL       deliver to this remote as well\n"
                "  --once             run one cycle, print its result as JSON, and exit\n"
                "  --check-config     report errors in settings and rules, and exit\n"
                "  --bus-introspect   print the D-Bus interface as XML, and exit\n"
                "  --version          print the version, and exit\n"
                "  --help             print this help, and exit\n"
                "\n"
                "Exit status: 0 success; 1 some sessions or remotes failed; 2 usage error, or\n"
                "settings, source or archive cannot be used.\n";

static Action parse_arguments(int argc, char **argv, SettingsOptions *options)
{
        enum { CONFIG = 1, SOURCE, ARCHIVE, REMOTE, ONCE, CHECK, INTROSPECT, VERSION, HELP };
        static const struct option known[] = {
                { "config", required_argument, NULL, CONFIG },
                { "source", required_argument, NULL, SOURCE },
                { "archive", required_argument, NULL, ARCHIVE },
                { "remote", required_argument, NULL, REMOTE },
                { "once", no_argument, NULL, ONCE },
                { "check-config", no_argument, NULL, CHECK },
                { "bus-introspect", no_argument, NULL, INTROSPECT },
                { "version", no_argument, NULL, VERSION },
                { "help", no_argument, NULL, HELP },
                { 0 },
        };
        Action action = ACTION_SERVE;
        int c;

        while ((c = getopt_long(argc, argv, "h", known, NULL)) >= 0)
                switch (c) {
                case CONFIG:
                        options->config = optarg;
                        break;
                case SOURCE:
                        options->source = optarg;
                        break;
                case ARCHIVE:
                        options->archive = optarg;
                        break;
                case REMOTE:
                        options->remote = optarg;
                        break;
                case ONCE:
                        action = ACTION_ONCE;
                        break;
                case CHECK:
                        action = ACTION_CHECK_CONFIG;
                        break;
                case INTROSPECT:
                        action = ACTION_INTROSPECT;
                        break;
                case VERSION:
                        return ACTION_VERSION;
                case 'h':
                case HELP:
                        return ACTION_HELP;
                default:
                        return ACTION_USAGE;
                }
        if (optind < argc) {
                fprintf(stderr, "scrubjayd: unexpected argument '%s'\n", argv[optind]);
                return ACTION_USAGE;
        }
        return action;
}

static int introspect(void)
{
        _cleanup_free_ char *xml = NULL;
        int r = bus_introspect(&xml);

        if (r < 0) {
                log_text(LOG_ERR, "The interface cannot be printed: %s", strerror(-r));
                return EXIT_FAILURE;
        }
        return fputs(xml, stdout) < 0 || fflush(stdout) != 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

/* Tells everything that is wrong, on stderr. */
/* Reports the remotes that nothing can be sent to. Returns how many. */
static size_t check_remotes(const Settings *settings)
{
        size_t n = 0;

        for (size_t i = 0; i < settings->n_remotes; i++) {
                RemoteOptions options = settings_for_remote(settings, i);
                _cleanup_(delivery_freep) Delivery *delivery = NULL;
                _cleanup_free_ char *why = NULL;
                int r = delivery_new(&options, NULL, NULL, &delivery, &why);

                if (r >= 0)
                        continue;
                fprintf(stderr, "The remote '%s': %s\n", options.name, why ?: strerror(-r));
                n++;
        }
        return n;
}

static int check_config(const Settings *settings)
{
        EngineSettings engine_settings = settings_for_engine(settings);
        _cleanup_free_ char *why = NULL;

        for (size_t i = 0; settings->files && settings->files[i]; i++)
                printf("Read '%s'.\n", settings->files[i]);
        printf("The source is '%s', the archive '%s'.\n", settings->source_path,
               settings->archive_path);
        if (fflush(stdout) != 0)
                return EXIT_FAILURE;
        for (size_t i = 0; settings->warnings && settings->warnings[i]; i++)
                fprintf(stderr, "%s\n", settings->warnings[i]);
        if (engine_check_rules(&engine_settings, &why) < 0) {
                fprintf(stderr, "%s\n", why ?: "The masking rules cannot be used.");
                return EXIT_UNUSABLE;
        }
        return settings->warnings || check_remotes(settings) > 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

static int serve(Settings *settings, const SettingsOptions *options)
{
        _cleanup_(daemon_freep) Daemon *daemon = NULL;
        _cleanup_(bus_freep) Bus *bus = NULL;
        int r;

        r = daemon_new(settings, options, &daemon);
        if (r < 0) {
                log_text(LOG_ERR, "The service cannot start: %s", strerror(-r));
                return EXIT_FAILURE;
        }
        r = bus_new(daemon, &bus);
        if (r < 0) {
                log_text(LOG_ERR, "The service cannot start: %s", strerror(-r));
                return EXIT_FAILURE;
        }
        r = daemon_run(daemon);
        if (r < 0) {
                log_text(LOG_ERR, "The event loop failed: %s", strerror(-r));
                return EXIT_FAILURE;
        }
        return r;
}

/* Settings of the command line, environment and files; then @action with them. */
static int run(Action action, const SettingsOptions *options)
{
        _cleanup_(settings_unrefp) Settings *settings = settings_look(options);

        for (char **e = settings->errors; e && *e; e++)
                log_event(LOG_ERR, MESSAGE_SETTINGS_BAD, NULL, "%s", *e);
        if (settings->error < 0)
                return EXIT_UNUSABLE;
        if (action == ACTION_CHECK_CONFIG)
                return check_config(settings);
        if (action == ACTION_SERVE)
                return serve(settings, options);
        for (size_t i = 0; settings->warnings && settings->warnings[i]; i++)
                log_event(LOG_WARNING, MESSAGE_SETTINGS_BAD, NULL, "%s", settings->warnings[i]);
        return run_once(settings);
}

int main(int argc, char **argv)
{
        SettingsOptions options = { 0 };
        Action action;

        process_keep_private();
        (void) setlocale(LC_ALL, "");
        (void) bindtextdomain("scrubjay", getenv("SCRUBJAY_LOCALE_DIR") ?: SCRUBJAY_LOCALE_DIR);
        (void) textdomain("scrubjay");
        (void) signal(SIGPIPE, SIG_IGN);
        umask(0077);
        /* else a large text raises it, and the next ones leave holes in a heap that cannot be given back */
        (void) mallopt(M_MMAP_THRESHOLD, 128 * 1024);
        sqlite_setup();
        log_read_environment();
        memory_before_end(log_stderr_is_journal() ? "<3>" : "", stuck_note_without_memory);
        action = parse_arguments(argc, argv, &options);
        switch (action) {
        case ACTION_HELP:
                return fputs(help_text, stdout) < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
        case ACTION_VERSION:
                return puts("scrubjayd " SCRUBJAY_VERSION) < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
        case ACTION_INTROSPECT:
                return introspect();
        case ACTION_USAGE:
                fputs("Try 'scrubjayd --help'.\n", stderr);
                return EXIT_UNUSABLE;
        case ACTION_ONCE:
        case ACTION_CHECK_CONFIG:
                log_set_target(LOG_TARGET_CONSOLE);
                if (log_max_level() > LOG_WARNING)
                        log_set_max_level(LOG_WARNING);
                break;
        case ACTION_SERVE:
                break;
        }
        return run(action, &options);
}
