/* Where things are: the archive that this command line and the settings mean */
#include "ctl/places.h"

#include <string.h>

#include "base/strbuf.h"
#include "ctl/command.h"
#include "ctl/i18n.h"
#include "service/settings-load.h"

Places places;

const Settings *places_look(void)
{
        static Settings *loaded; /* for the life of the program */

        if (!loaded)
                loaded = settings_look(&(SettingsOptions){ .config = places.config,
                                                           .archive = places.archive });
        return loaded;
}

int places_settings(const Settings **ret)
{
        const Settings *s = places_look();

        if (s->error < 0) {
                print_error("%s", s->errors[0]);
                return s->error;
        }
        *ret = s;
        return 0;
}

int places_archive(char **ret)
{
        const Settings *settings = NULL;
        int r;

        r = places_settings(&settings);
        if (r < 0)
                return r;
        *ret = xstrdup(settings->archive_path);
        return 0;
}

char *places_explain_archive(const char *path, int r)
{
        char *text = NULL;

        switch (r) {
        case -ENOENT:
                format_error(&text,
                             _("There is no archive at '%s' yet. Start the service with 'systemctl "
                               "--user enable --now scrubjay', or run 'scrubjayd --once'."),
                             path);
                break;
        case -EPROTONOSUPPORT:
                format_error(&text,
                             _("The archive '%s' was made by a newer scrubjay. Upgrade scrubjay to "
                               "read it; nothing was changed."),
                             path);
                break;
        case -EMEDIUMTYPE:
        case -EISDIR:
        case -EINVAL:
                format_error(&text,
                             _("'%s' is not an archive of scrubjay. Check [Archive] Path= in the "
                               "settings."),
                             path);
                break;
        case -EUCLEAN:
                format_error(&text,
                             _("The archive '%s' is damaged. Move it away and start the service, "
                               "which builds a new one from the source."),
                             path);
                break;
        case -EBUSY:
                format_error(&text,
                             _("The archive '%s' is being filled and is locked by a large session. "
                               "Try again in a moment."),
                             path);
                break;
        case -EINPROGRESS:
                format_error(&text,
                             _("The archive '%s' was being filled when scrubjayd was killed. Start "
                               "the service, which continues from there."),
                             path);
                break;
        default:
                format_error(&text, _("The archive '%s' cannot be opened: %s."), path,
                             strerror(-r));
        }
        return text;
}

int places_open_archive(Query **ret)
{
        _cleanup_free_ char *path = NULL, *sentence = NULL;
        int r;

        r = places_archive(&path);
        if (r < 0)
                return r;
        r = query_open(path, ret);
        if (r < 0) {
                sentence = places_explain_archive(path, r);
                print_error("%s", sentence);
        }
        return r;
}

int query_failed(Query *q, int r)
{
        if (r == -ENOMEM)
                print_error(_("There is not enough memory."));
        else
                print_error(_("The archive cannot be read: %s."), query_reason(q));
        return STATUS_FAILED;
}
