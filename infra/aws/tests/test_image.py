"""The file system of the image for Fargate: with nothing else there, a program starts and finds a name."""

import os
import shutil
import subprocess
import unittest

import common

# Looks a name up as any program does, by getaddrinfo.
PROGRAM = """
#include <netdb.h>
#include <stdio.h>
int main(void) {
    struct addrinfo *found;
    int code = getaddrinfo("somewhere.test", "443", NULL, &found);
    puts(code ? gai_strerror(code) : "found");
    return code != 0;
}
"""


@unittest.skipUnless(os.geteuid() == 0 and shutil.which("cc"), "needs root, for chroot, and a C compiler")
class Image(unittest.TestCase):
    def test_what_is_laid_out_is_enough(self):
        folder = common.scratch(self)
        (folder / "program.c").write_text(PROGRAM)
        subprocess.run(["cc", "-o", folder / "program", folder / "program.c"], check=True)
        root = folder / "root"
        subprocess.run([common.AWS / "image", "--root", root, folder / "program"], check=True)
        # Fargate puts these two there.
        (root / "etc/hosts").write_text("127.0.0.9 somewhere.test\n")
        (root / "etc/resolv.conf").write_text("nameserver 127.0.0.9\noptions timeout:1 attempts:1\n")
        done = subprocess.run(["chroot", root, "/trilha-aws"], capture_output=True, text=True)
        self.assertEqual((done.returncode, done.stdout), (0, "found\n"), done.stderr)
        self.assertTrue((root / "etc/ssl/certs/ca-certificates.crt").stat().st_size > 100_000)
        names = sorted(path.name for path in root.rglob("*.so*"))
        self.assertEqual([name for name in names if name.startswith("libnss")], [])


if __name__ == "__main__":
    unittest.main()
