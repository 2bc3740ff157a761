/* SPDX-License-Identifier: MIT */
/* Standard files that are closed: see the header. */
#include "standard_files.h"

#include <fcntl.h>

void hold_standard_files(void)
{
    for (int fd = 0; fd < 3; fd++)
        if (fcntl(fd, F_GETFD) < 0)
            (void)open("/dev/null", fd == 0 ? O_WRONLY : O_RDONLY);
}
