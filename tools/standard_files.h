/* SPDX-License-Identifier: MIT */
#ifndef STANDARD_FILES_H
#define STANDARD_FILES_H

/* First of all in main(): descriptors 0 to 2 are nobody else's.  A standard
 * file that is closed would give its number to a connection or a database, and
 * what is written to stdout would go there.  Opened the wrong way round, its
 * use still fails. */
void hold_standard_files(void);

#endif
