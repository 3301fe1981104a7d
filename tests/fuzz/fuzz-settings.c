/*
 * Fuzz: a settings file
 *
 * Any bytes give settings, or a sentence; what they hold is within bounds, and no warning carries control characters.
 */
#include <fcntl.h>
#include <sys/mman.h>

#include "fuzz.h"
#include "service/settings-load.h"

static void check_warnings(const Settings *s)
{
        for (size_t i = 0; s->warnings && s->warnings[i]; i++)
                MUST(s->warnings[i][0]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        _cleanup_(settings_unrefp) Settings *settings = NULL;
        _cleanup_close_ int fd = memfd_create("settings", MFD_CLOEXEC);
        _cleanup_free_ char *reason = NULL;
        char path[64];

        if (fd < 0 || size > 65536 || write(fd, data, size) != (ssize_t) size)
                return 0;
        (void) snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
        (void) setenv("HOME", "/nonexistent", 1);
        if (settings_load(&(SettingsOptions){ .config = path, .system_folder = "/nonexistent" },
                          &settings, &reason) < 0) {
                MUST(reason && *reason);
                return 0;
        }
        MUST(settings->source_path && settings->source_path[0] == '/');
        MUST(settings->archive_path && settings->archive_path[0] == '/');
        MUST(settings->reconcile_usec > 0 && settings->audit_usec > 0);
        MUST(settings->rules_folders && settings->rules_folders[0]);
        check_warnings(settings);
        return 0;
}
