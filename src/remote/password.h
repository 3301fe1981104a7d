/*
 * The password of a remote
 *
 * It comes from a systemd credential or a private file, never from a command line, the environment or the settings.
 */
#pragma once

#include "base/strbuf.h"

/*
 * Looks in this order: $CREDENTIALS_DIRECTORY/remote-NAME-password, @file (may be NULL), and
 * $XDG_CONFIG_HOME/scrubjay/remote-NAME-password. It ends at the first line end. Returns 1; 0: there is none (*@ret is NULL);
 * or a negative errno with *@reterr (-EACCES: others can read the file, so it is not used). The caller frees *@ret with
 * password_free().
 */
int password_load(const char *name, const char *file, char **ret, char **reterr);

/* Wipes and frees; NULL is fine. Returns NULL. */
char *password_free(char *password);
