"""A private MariaDB server with default durability, in a folder of its own."""

import os
import shutil
import socket
import subprocess
import time
from pathlib import Path

import pymysql

ROOT = os.geteuid() == 0


class Server:
    """A running server; it ends with the `with` block."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.port = folder, _free_port()

    def __enter__(self) -> "Server":
        install = ["mariadb-install-db", "--no-defaults", f"--datadir={self.folder}/data", "--skip-test-db"]
        (self.folder / "temporary").mkdir(parents=True, exist_ok=True)
        # A server that starts deletes the temporary tables in a folder that it shares.
        install.append(f"--tmpdir={self.folder}/temporary")
        run = ["--auth-root-authentication-method=normal", *(["--user=root"] * ROOT)]
        subprocess.run([*install, *run], check=True, capture_output=True)
        self._process = self._start()
        self._wait()
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.wait(120)

    def client(self, database: str | None = None) -> pymysql.Connection:
        """Return a bare connection, as a person at the command-line client has one."""
        return pymysql.connect(
            host="127.0.0.1", port=self.port, user="root", database=database, local_infile=True, autocommit=True
        )

    def new_database(self, name: str) -> str:
        """Return the address of an empty database."""
        with self.client() as client, client.cursor() as cursor:
            cursor.execute(f"CREATE OR REPLACE DATABASE {name} CHARACTER SET utf8mb4")
        return f"mysql://root@127.0.0.1:{self.port}/{name}"

    def version(self) -> str:
        """Return the server's version."""
        with self.client() as client, client.cursor() as cursor:
            cursor.execute("SELECT VERSION()")
            return str(cursor.fetchone()[0])

    def _start(self) -> "subprocess.Popen[bytes]":
        with (self.folder / "log").open("ab") as log:
            return subprocess.Popen(
                [
                    shutil.which("mariadbd") or "/usr/sbin/mariadbd",
                    "--no-defaults",
                    f"--datadir={self.folder}/data",
                    f"--socket={self.folder}/socket",
                    f"--pid-file={self.folder}/pid",
                    f"--port={self.port}",
                    f"--tmpdir={self.folder}/temporary",
                    "--bind-address=127.0.0.1",
                    "--innodb-buffer-pool-size=2G",
                    "--local-infile=1",
                    *(["--user=root"] * ROOT),
                ],
                stdout=subprocess.DEVNULL,
                stderr=log,
            )

    def _wait(self) -> None:
        for _ in range(300):
            try:
                self.client().close()
            except pymysql.OperationalError:
                time.sleep(0.1)
            else:
                return
        raise RuntimeError((self.folder / "log").read_text())


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])
