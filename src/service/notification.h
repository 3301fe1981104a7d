/*
 * Notification: tells on the desktop that a credential has just been pasted
 *
 * Through org.freedesktop.Notifications, whoever provides it on the user bus. It names kind and project, never the
 * secret; and where nobody shows notifications it is silent, since findings are in the journal and the archive anyway.
 */
#pragma once

#include <systemd/sd-bus.h>

#include "sync/status.h"

/* Sends one for what was pasted in @secrets, if anything was, and does not wait for an answer. */
void notification_send(sd_bus *bus, const SessionSecrets *secrets);
