#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Shows, inside the VM, what msgpass does. /files/big is a real file of more than 100 MB.
echo "demo.sh has not been written yet" >&2
exit 1
