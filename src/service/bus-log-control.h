/*
 * org.freedesktop.LogControl1: the log level changes without a restart
 */
#pragma once

#include <systemd/sd-bus.h>

/* Serves the interface on @bus, for as long as it lives. Returns 0 or a negative errno. */
int bus_add_log_control(sd_bus *bus);
