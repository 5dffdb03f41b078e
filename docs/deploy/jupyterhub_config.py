"""View 3 beside JupyterHub 5: analysts get JupyterLab on the notebooks with every setting in place.

The Hub's proxy passes /services/view3/ on to the dashboard, which keeps its own door (VIEW3_TOKEN) and its own account that
can only read. Install JupyterHub into View 3's own environment (`.venv/bin/pip install jupyterhub`), so that notebooks find it.
"""

c = get_config()  # noqa: F821 (JupyterHub's own)

c.Spawner.notebook_dir = "/opt/view3/notebooks"
c.Spawner.default_url = "/lab"
c.Spawner.environment = {
    "VIEW3_DATABASE_URL": "mysql://view3_reader:…@localhost/view3",  # GRANT SELECT; `view3 link` needs one that may write
    "VIEW3_TIMEZONE": "America/New_York",
    "VIEW3_CHALLENGE_START": "2026-01-01",
}
c.Spawner.mem_limit = "1G"

# The dashboard is a service of its own (view3-dashboard.service) with
# VIEW3_ADDRESS=https://hub.example.com/services/view3 and VIEW3_TOKEN in its environment.
c.JupyterHub.services = [{"name": "view3", "url": "http://127.0.0.1:8866", "display": True}]
