/*
 * Bus: the D-Bus face of the daemon
 *
 * org.scrubjay.Sync1 on the user bus, and LogControl1 beside it. Status and the properties are answered from the
 * daemon's memory; property changes are collected and sent once per turn of the loop.
 */
#pragma once

#include <systemd/sd-bus.h>

#include "service/daemon.h"

#define BUS_NAME      "org.scrubjay.Sync1"
#define BUS_PATH      "/org/scrubjay/Sync1"
#define BUS_INTERFACE "org.scrubjay.Sync1"
#define BUS_ERROR(x)  "org.scrubjay.Sync1.Error." x

typedef struct Bus Bus;

/* Connects to the user bus, serves @daemon there and asks for the name; the daemon is told when that is settled. Without a
 * bus, and when it goes, it is tried again and again. @daemon must outlive it. Returns 0 or a negative errno. */
int bus_new(Daemon *daemon, Bus **ret);

/* Sends what is left to send, and leaves the bus. Takes NULL; returns NULL. */
Bus *bus_free(Bus *b);
DEFINE_CLEANUP(Bus *, bus_free)

/* Serves the interface on @bus, whatever that is connected to, for as long as *@ret_slot lives (NULL: as long as @bus).
 * @b may be NULL where nothing is called. Returns 0 or a negative errno. */
int bus_add_interface(sd_bus *bus, Bus *b, sd_bus_slot **ret_slot);

/* The introspection XML of the object, made by the code that answers on the bus, without any bus.
 * Returns 0 or a negative errno; the caller owns *@ret. */
int bus_introspect(char **ret);
