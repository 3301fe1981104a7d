/* Notification: says on the desktop that a credential has just been pasted */
#include "service/notification.h"

#include <libintl.h>

#include "base/strbuf.h"

#define KINDS_SHOWN 3

/* Bodies are markup, in the sense of the Desktop Notifications Specification. */
static void put_escaped(StrBuf *b, const char *text)
{
        for (const char *p = text; *p; p++)
                if (*p == '&')
                        (void) strbuf_puts(b, "&amp;");
                else if (*p == '<')
                        (void) strbuf_puts(b, "&lt;");
                else if (*p == '>')
                        (void) strbuf_puts(b, "&gt;");
                else
                        (void) strbuf_putc(b, *p);
}

static void put_kinds(StrBuf *b, const SessionSecrets *s)
{
        for (size_t i = 0; i < s->n_pasted && i < KINDS_SHOWN; i++)
                (void) strbuf_printf(b, "%s%s", i > 0 ? ", " : "", s->pasted[i].rule);
        if (s->n_pasted > KINDS_SHOWN)
                (void) strbuf_puts(b, ", …");
}

static int on_answer(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
        return 0; /* also where nobody shows notifications */
}

void notification_send(sd_bus *bus, const SessionSecrets *s)
{
        _cleanup_(strbuf_done) StrBuf kinds = { 0 }, project = { 0 }, summary = { 0 }, body = { 0 };
        uint32_t n = 0;

        for (size_t i = 0; i < s->n_pasted; i++)
                n += s->pasted[i].n;
        if (n == 0)
                return;
        put_kinds(&kinds, s);
        put_escaped(&project, s->project);
        (void) strbuf_printf(&summary,
                             ngettext("Credential pasted: %s", "Credentials pasted: %s", n),
                             kinds.data ?: "");
        (void) strbuf_printf(
                        &body,
                        ngettext("It was just pasted into a session of project %s. Rotate it.",
                                 "They were just pasted into a session of project %s. Rotate them.",
                                 n),
                        project.data ?: "?");
        if (summary.failed || body.failed)
                return;
        (void) sd_bus_call_method_async(bus, NULL, "org.freedesktop.Notifications",
                                        "/org/freedesktop/Notifications",
                                        "org.freedesktop.Notifications", "Notify", on_answer, NULL,
                                        "susssasa{sv}i", "scrubjay", (uint32_t) 0,
                                        "dialog-password", summary.data, body.data, 0, 1, "urgency",
                                        "y", (uint8_t) 1, (int32_t) -1);
}
