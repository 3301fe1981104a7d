/* Bus: the D-Bus face of the daemon */
#include "service/bus.h"

#include <stddef.h>
#include <string.h>

#include "base/strbuf.h"
#include "base/time-util.h"
#include "service/bus-log-control.h"
#include "service/log.h"
#include "service/notification.h"

/* A connection that fails costs a few microseconds. */
#define RETRY_USEC (3 * USEC_PER_SEC)

struct Bus {
        Daemon *daemon;
        sd_bus *bus; /* NULL: there is none for now */
        sd_bus_slot *vtable_slot, *name_slot, *lost_slot;
        sd_event_source *changes_source; /* idle work of the turn of the loop */
        sd_event_source *retry_timer;    /* connects (again) */
        unsigned changes;                /* DAEMON_* that were not announced yet */
        bool is_lost;                    /* and that was reported */
};

/* Sessions that failed, as a{ss}. */
static int append_errors(sd_bus_message *m, const CycleResult *result)
{
        int r;

        r = sd_bus_message_open_container(m, 'a', "{ss}");
        for (size_t i = 0; i < result->n_errors && r >= 0; i++)
                r = sd_bus_message_append(m, "{ss}", result->errors[i].session_id,
                                          result->errors[i].reason);
        return r < 0 ? r : sd_bus_message_close_container(m);
}

/* A cycle's numbers and errors, as ttta{ss}. */
static int append_result(sd_bus_message *m, const CycleResult *result)
{
        int r;

        r = sd_bus_message_append(m, "ttt", result->sessions_synced, result->sessions_skipped,
                                  result->secrets_detected);
        return r < 0 ? r : append_errors(m, result);
}

static int append_remotes(sd_bus_message *m, const Snapshot *s)
{
        int r;

        r = sd_bus_message_open_container(m, 'a', "(sstts)");
        for (size_t i = 0; i < s->n_remotes && r >= 0; i++)
                r = sd_bus_message_append(m, "(sstts)", s->remotes[i].name, s->remotes[i].url,
                                          s->remotes[i].last_delivery_usec, s->remotes[i].n_behind,
                                          s->remotes[i].last_error);
        return r < 0 ? r : sd_bus_message_close_container(m);
}

/* What Status returns. Each entry is also a property, whose changes are announced, except for those that only Status has. */
typedef struct Fact {
        const char *name, *signature;
        size_t offset;   /* in Snapshot */
        unsigned change; /* DAEMON_*; 0: it does not change, or is no property */
} Fact;

#define OF(member) offsetof(Snapshot, member)

static const Fact facts[] = {
        { "LastSyncAt", "t", OF(totals.last_sync_at_usec), DAEMON_LAST_SYNC_AT },
        { "LastVerifiedAt", "t", OF(totals.last_verified_at_usec), DAEMON_LAST_VERIFIED_AT },
        { "TotalSessionsSynced", "t", OF(totals.total_synced), DAEMON_TOTALS },
        { "TotalSecretsDetected", "t", OF(totals.total_secrets), DAEMON_TOTALS },
        { "LastError", "s", OF(last_error), DAEMON_LAST_ERROR },
        { "Running", "b", OF(running), DAEMON_RUNNING },
        { "Syncing", "b", OF(syncing), DAEMON_SYNCING },
        { "SessionsPending", "t", OF(sessions_pending) },
        { "Source", "s", OF(source), DAEMON_SOURCE },
        { "Archive", "s", OF(archive), DAEMON_ARCHIVE },
        { "Version", "s", OF(version) },
        { "KnownValues", "t", OF(totals.known_values) },
        { "KnownFiles", "t", OF(totals.known_files) },
        { "KnownFilesUnread", "t", OF(totals.known_unread) },
        { "Remotes", "a(sstts)", OF(remotes), DAEMON_REMOTES },
};

static int append_fact(sd_bus_message *m, const Fact *fact, const Snapshot *s)
{
        const void *value = (const char *) s + fact->offset;
        char type = *fact->signature;

        if (type == 'a')
                return append_remotes(m, s);
        if (type == 's')
                return sd_bus_message_append_basic(m, type, *(const char *const *) value);
        if (type == 'b')
                return sd_bus_message_append_basic(m, type, &(int){ *(const bool *) value });
        return sd_bus_message_append_basic(m, type, value);
}

static int append_entry(sd_bus_message *m, const Fact *fact, const Snapshot *s)
{
        int r;

        r = sd_bus_message_open_container(m, 'e', "sv");
        if (r >= 0)
                r = sd_bus_message_append(m, "s", fact->name);
        if (r >= 0)
                r = sd_bus_message_open_container(m, 'v', fact->signature);
        if (r >= 0)
                r = append_fact(m, fact, s);
        if (r >= 0)
                r = sd_bus_message_close_container(m);
        return r < 0 ? r : sd_bus_message_close_container(m);
}

static int method_status(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        Bus *b = userdata;
        Snapshot s;
        int r;

        daemon_snapshot(b->daemon, &s);
        r = sd_bus_message_new_method_return(m, &reply);
        if (r >= 0)
                r = sd_bus_message_open_container(reply, 'a', "{sv}");
        for (size_t i = 0; r >= 0 && i < ELEMENTSOF(facts); i++)
                r = append_entry(reply, facts + i, &s);
        if (r >= 0)
                r = sd_bus_message_close_container(reply);
        return r < 0 ? r : sd_bus_send(NULL, reply, NULL);
}

static int property_get(sd_bus *bus, const char *path, const char *interface, const char *property,
                        sd_bus_message *reply, void *userdata, sd_bus_error *error)
{
        Bus *b = userdata;
        Snapshot s;

        daemon_snapshot(b->daemon, &s);
        for (size_t i = 0; i < ELEMENTSOF(facts); i++)
                if (strcmp(facts[i].name, property) == 0)
                        return append_fact(reply, facts + i, &s);
        return -ENOENT;
}

/* The name of the error that a cycle which could not run is answered with. */
static const char *failure_name(CycleFailure failure)
{
        switch (failure) {
        case CYCLE_SOURCE_MISSING:
        case CYCLE_SOURCE_UNAVAILABLE:
                return BUS_ERROR("SourceUnavailable");
        case CYCLE_ARCHIVE_UNAVAILABLE:
                return BUS_ERROR("ArchiveUnavailable");
        case CYCLE_RULES_INVALID:
                return BUS_ERROR("RulesInvalid");
        case CYCLE_OK:
        case CYCLE_STOPPING:
                break;
        }
        return BUS_ERROR("Stopping");
}

static int reply_stopping(sd_bus_message *m)
{
        return sd_bus_reply_method_errorf(m, BUS_ERROR("Stopping"), "The service is stopping.");
}

static int reply_result(sd_bus_message *m, const CycleResult *result)
{
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        int r;

        if (!result)
                return reply_stopping(m);
        if (result->failure != CYCLE_OK)
                return sd_bus_reply_method_errorf(m, failure_name(result->failure), "%s",
                                                  result->sentence ?: "The cycle could not run.");
        r = sd_bus_message_new_method_return(m, &reply);
        if (r >= 0)
                r = append_result(reply, result);
        return r < 0 ? r : sd_bus_send(NULL, reply, NULL);
}

/* The cycle that a caller of RunOnce waits for is done. */
static void on_run_once_done(void *userdata, const CycleResult *result)
{
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = userdata;
        int r = reply_result(m, result);

        if (r < 0)
                log_text(LOG_WARNING, "A call of RunOnce could not be answered, ignoring: %s",
                         strerror(-r));
}

static int method_run_once(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
        Bus *b = userdata;
        int r;

        r = daemon_run_once(b->daemon, on_run_once_done, m);
        if (r == -ESHUTDOWN)
                return reply_stopping(m);
        if (r == -EAGAIN)
                return sd_bus_error_set(error, SD_BUS_ERROR_LIMITS_EXCEEDED,
                                        "Too many callers are already waiting for a cycle.");
        if (r < 0)
                return r;
        sd_bus_message_ref(m); /* until it is answered */
        return 1;
}

static int reply_delivered(sd_bus_message *m, const RemoteSnapshot *remotes, size_t n_remotes)
{
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        int r;

        if (!remotes)
                return reply_stopping(m);
        r = sd_bus_message_new_method_return(m, &reply);
        if (r >= 0)
                r = sd_bus_message_open_container(reply, 'a', "{ss}");
        for (size_t i = 0; i < n_remotes && r >= 0; i++)
                if (*remotes[i].last_error)
                        r = sd_bus_message_append(reply, "{ss}", remotes[i].name,
                                                  remotes[i].last_error);
        if (r >= 0)
                r = sd_bus_message_close_container(reply);
        return r < 0 ? r : sd_bus_send(NULL, reply, NULL);
}

static void on_delivered(void *userdata, const RemoteSnapshot *remotes, size_t n_remotes)
{
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = userdata;
        int r = reply_delivered(m, remotes, n_remotes);

        if (r < 0)
                log_text(LOG_WARNING, "A call of Deliver could not be answered, ignoring: %s",
                         strerror(-r));
}

static int method_deliver(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
        Bus *b = userdata;
        int r;

        sd_bus_message_ref(m); /* until it is answered, which may be at once */
        r = daemon_deliver(b->daemon, on_delivered, m);
        if (r >= 0)
                return 1;
        sd_bus_message_unref(m);
        if (r == -ESHUTDOWN)
                return reply_stopping(m);
        if (r == -EAGAIN)
                return sd_bus_error_set(error, SD_BUS_ERROR_LIMITS_EXCEEDED,
                                        "Too many callers are already waiting for a delivery.");
        return r;
}

static int resync(Bus *b, sd_bus_message *m, Resync what)
{
        if (daemon_force_resync(b->daemon, what) < 0)
                return reply_stopping(m);
        return sd_bus_reply_method_return(m, NULL);
}

static int method_force_resync(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
        return resync(userdata, m, RESYNC_ALL);
}

static int method_resync_identity(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
        return resync(userdata, m, RESYNC_IDENTITY);
}

#define CHANGING SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE

/* Open to everybody on the bus: it is the person's own. */
static const sd_bus_vtable sync_vtable[] = {
        SD_BUS_VTABLE_START(SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("Status", SD_BUS_NO_ARGS, SD_BUS_RESULT("a{sv}", status),
                                method_status, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("RunOnce", SD_BUS_NO_ARGS,
                                SD_BUS_RESULT("t", sessions_synced, "t", sessions_skipped, "t",
                                              secrets_detected, "a{ss}", errors),
                                method_run_once, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("Deliver", SD_BUS_NO_ARGS, SD_BUS_RESULT("a{ss}", errors),
                                method_deliver, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("ForceResync", SD_BUS_NO_ARGS, SD_BUS_NO_RESULT,
                                method_force_resync, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("ResyncIdentity", SD_BUS_NO_ARGS, SD_BUS_NO_RESULT,
                                method_resync_identity, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_SIGNAL_WITH_ARGS("SyncStarted", SD_BUS_NO_ARGS, 0),
        SD_BUS_SIGNAL_WITH_ARGS("SyncCompleted",
                                SD_BUS_ARGS("t", sessions_synced, "t", sessions_skipped, "t",
                                            secrets_detected, "a{ss}", errors),
                                0),
        SD_BUS_SIGNAL_WITH_ARGS("SecretsFound", SD_BUS_ARGS("s", session_id, "a{su}", rules), 0),
        SD_BUS_PROPERTY("LastSyncAt", "t", property_get, 0, CHANGING),
        SD_BUS_PROPERTY("LastVerifiedAt", "t", property_get, 0, CHANGING),
        SD_BUS_PROPERTY("TotalSessionsSynced", "t", property_get, 0, CHANGING),
        SD_BUS_PROPERTY("TotalSecretsDetected", "t", property_get, 0, CHANGING),
        SD_BUS_PROPERTY("LastError", "s", property_get, 0, CHANGING),
        SD_BUS_PROPERTY("Running", "b", property_get, 0, CHANGING),
        SD_BUS_PROPERTY("Syncing", "b", property_get, 0, CHANGING),
        SD_BUS_PROPERTY("Source", "s", property_get, 0, CHANGING),
        SD_BUS_PROPERTY("Archive", "s", property_get, 0, CHANGING),
        SD_BUS_PROPERTY("Remotes", "a(sstts)", property_get, 0, CHANGING),
        SD_BUS_PROPERTY("Version", "s", property_get, 0, CHANGING),
        SD_BUS_VTABLE_END,
};

/* At the end of a turn of the loop: announces what changed in it. */
static int on_changes(sd_event_source *source, void *userdata)
{
        char *changed[ELEMENTSOF(facts) + 1] = { NULL };
        Bus *b = userdata;
        size_t n = 0;

        for (size_t i = 0; i < ELEMENTSOF(facts); i++)
                if (b->changes & facts[i].change)
                        changed[n++] = (char *) facts[i].name;
        b->changes = 0;
        if (n > 0 && b->bus)
                (void) sd_bus_emit_properties_changed_strv(b->bus, BUS_PATH, BUS_INTERFACE,
                                                           changed);
        return 0;
}

static void on_daemon_changed(void *userdata, unsigned what)
{
        Bus *b = userdata;

        b->changes |= what;
        (void) sd_event_source_set_enabled(b->changes_source, SD_EVENT_ONESHOT);
}

static void on_sync_started(void *userdata)
{
        Bus *b = userdata;

        if (b->bus)
                (void) sd_bus_emit_signal(b->bus, BUS_PATH, BUS_INTERFACE, "SyncStarted", NULL);
}

static void on_sync_completed(void *userdata, const CycleResult *result)
{
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL;
        Bus *b = userdata;

        if (b->bus &&
            sd_bus_message_new_signal(b->bus, &m, BUS_PATH, BUS_INTERFACE, "SyncCompleted") >= 0 &&
            append_result(m, result) >= 0)
                (void) sd_bus_send(b->bus, m, NULL);
}

static void on_secrets_found(void *userdata, const SessionSecrets *secrets)
{
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL;
        Bus *b = userdata;
        int r;

        if (!b->bus)
                return;
        r = sd_bus_message_new_signal(b->bus, &m, BUS_PATH, BUS_INTERFACE, "SecretsFound");
        if (r >= 0)
                r = sd_bus_message_append(m, "s", secrets->session_id);
        if (r >= 0)
                r = sd_bus_message_open_container(m, 'a', "{su}");
        for (size_t i = 0; i < secrets->n_rules && r >= 0; i++)
                r = sd_bus_message_append(m, "{su}", secrets->rules[i].rule, secrets->rules[i].n);
        if (r >= 0)
                r = sd_bus_message_close_container(m);
        if (r >= 0)
                (void) sd_bus_send(b->bus, m, NULL);
}

static void on_pasted(void *userdata, const SessionSecrets *secrets)
{
        Bus *b = userdata;

        if (b->bus)
                notification_send(b->bus, secrets);
}

/* There is no bus for now: archiving does not need it. Reported once; the timer drops what is left of it and tries again. */
static void lose(Bus *b, const char *why)
{
        if (!b->is_lost)
                log_event(LOG_WARNING, MESSAGE_BUS_LOST, NULL,
                          "The user bus cannot be used (%s): archiving continues without it, and "
                          "the service can be controlled again when the bus is back.",
                          why);
        b->is_lost = true;
        (void) sd_event_source_set_time_relative(b->retry_timer, RETRY_USEC);
        (void) sd_event_source_set_enabled(b->retry_timer, SD_EVENT_ONESHOT);
        daemon_bus_settled(b->daemon);
}

/* The name is ours. */
static void take_up(Bus *b)
{
        if (b->is_lost)
                log_event(LOG_NOTICE, MESSAGE_BUS_BACK, NULL,
                          "The user bus can be used again: the service can be controlled.");
        b->is_lost = false;
        daemon_bus_settled(b->daemon);
}

static int on_name_reply(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
        Bus *b = userdata;
        uint32_t answer;

        if (sd_bus_message_is_method_error(m, NULL) || sd_bus_message_read(m, "u", &answer) < 0)
                lose(b, "it does not grant the name " BUS_NAME);
        else if (answer == 1) /* DBUS_REQUEST_NAME_REPLY_PRIMARY_OWNER */
                take_up(b);
        else {
                log_event(LOG_ERR, MESSAGE_BUS_NAME_TAKEN, NULL,
                          "The bus name " BUS_NAME
                          " is taken: another scrubjayd runs already (busctl --user status " BUS_NAME
                          ").");
                daemon_name_taken(b->daemon);
        }
        return 1;
}

static int on_bus_lost(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
        lose(userdata, "it is gone");
        return 0;
}

int bus_add_interface(sd_bus *bus, Bus *b, sd_bus_slot **ret_slot)
{
        return sd_bus_add_object_vtable(bus, ret_slot, BUS_PATH, BUS_INTERFACE, sync_vtable, b);
}

static int add_changes_source(Bus *b)
{
        int r;

        r = sd_event_add_defer(daemon_event(b->daemon), &b->changes_source, on_changes, b);
        if (r >= 0)
                r = sd_event_source_set_priority(b->changes_source, SD_EVENT_PRIORITY_IDLE);
        if (r >= 0)
                r = sd_event_source_set_enabled(b->changes_source, SD_EVENT_OFF);
        return r < 0 ? r : sd_event_source_set_description(b->changes_source, "property-changes");
}

/* Leaves the bus, or what is left of it. */
static void disconnect(Bus *b)
{
        b->name_slot = sd_bus_slot_unref(b->name_slot);
        b->lost_slot = sd_bus_slot_unref(b->lost_slot);
        b->vtable_slot = sd_bus_slot_unref(b->vtable_slot);
        if (b->bus)
                (void) sd_bus_detach_event(b->bus);
        b->bus = sd_bus_flush_close_unref(b->bus);
}

static int connect_to_bus(Bus *b)
{
        int r;

        r = sd_bus_open_user_with_description(&b->bus, "scrubjayd");
        if (r >= 0)
                r = sd_bus_attach_event(b->bus, daemon_event(b->daemon), SD_EVENT_PRIORITY_NORMAL);
        if (r >= 0)
                r = sd_bus_add_match(b->bus, &b->lost_slot,
                                     "type='signal',sender='org.freedesktop.DBus.Local',"
                                     "path='/org/freedesktop/DBus/Local',"
                                     "interface='org.freedesktop.DBus.Local',member='Disconnected'",
                                     on_bus_lost, b);
        if (r >= 0)
                r = bus_add_interface(b->bus, b, &b->vtable_slot);
        if (r >= 0)
                r = bus_add_log_control(b->bus);
        if (r >= 0)
                r = sd_bus_request_name_async(b->bus, &b->name_slot, BUS_NAME, 0, on_name_reply, b);
        return r;
}

static int on_retry(sd_event_source *source, uint64_t usec, void *userdata)
{
        Bus *b = userdata;
        int r;

        disconnect(b);
        r = connect_to_bus(b);
        if (r < 0) {
                disconnect(b);
                lose(b, strerror(-r));
        }
        return 0;
}

static int add_retry_timer(Bus *b)
{
        int r;

        r = sd_event_add_time_relative(daemon_event(b->daemon), &b->retry_timer, CLOCK_MONOTONIC, 0,
                                       0, on_retry, b);
        if (r >= 0)
                r = sd_event_source_set_enabled(b->retry_timer, SD_EVENT_OFF);
        return r < 0 ? r : sd_event_source_set_description(b->retry_timer, "bus-retry");
}

int bus_new(Daemon *daemon, Bus **ret)
{
        _cleanup_(bus_freep) Bus *b = xcalloc(1, sizeof(*b));
        int r;

        b->daemon = daemon;
        r = add_changes_source(b);
        if (r >= 0)
                r = add_retry_timer(b);
        if (r < 0)
                return r;
        daemon_set_listener(daemon, &(DaemonListener){
                                                    .userdata = b,
                                                    .on_changed = on_daemon_changed,
                                                    .on_sync_started = on_sync_started,
                                                    .on_sync_completed = on_sync_completed,
                                                    .on_secrets_found = on_secrets_found,
                                                    .on_pasted = on_pasted,
                                    });
        (void) on_retry(b->retry_timer, 0, b);
        *ret = TAKE_PTR(b);
        return 0;
}

Bus *bus_free(Bus *b)
{
        if (!b)
                return NULL;
        if (b->daemon)
                daemon_set_listener(b->daemon, &(DaemonListener){ 0 });
        if (b->changes_source)
                (void) on_changes(b->changes_source, b);
        sd_event_source_disable_unref(b->changes_source);
        sd_event_source_disable_unref(b->retry_timer);
        disconnect(b);
        free(b);
        return NULL;
}
