/*
 * Identity: who works here, and on which project
 *
 * Asks git, once per folder. The folders are other people's: git is run without hooks, file system monitors, pagers or
 * prompts, with a time-out, and not at all in a repository that somebody else owns.
 */
#pragma once

#include "base/cleanup.h"

typedef struct Identity Identity;

/* @user_id and @user_name win over git's user.email and user.name; NULL: ask git. */
Identity *identity_new(const char *user_id, const char *user_name);
Identity *identity_free(Identity *identity);
DEFINE_CLEANUP(Identity *, identity_free)

/* Borrowed, never NULL; "" where nobody knows. Asked once. */
const char *identity_user_id(Identity *identity);
const char *identity_user_name(Identity *identity);

/* A project as its git remote `origin` names it. Borrowed, never NULL; "" if there is none. */
typedef struct Project {
        const char *id;   /* the URL, without credentials */
        const char *name; /* its last path part, without ".git" */
} Project;

/* The project of the folder @cwd. */
Project identity_project(Identity *identity, const char *cwd, size_t size);
