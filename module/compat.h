/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The only place that tests kernel versions and configurations. Oldest
 * supported: 6.1.
 */
#ifndef MSGPASS_COMPAT_H
#define MSGPASS_COMPAT_H

#ifndef CONFIG_64BIT
#error "msgpass needs a 64-bit kernel: peer ids index an xarray"
#endif

#endif
