"""The specification's two tables, as printed, in the words of each engine."""

from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

MARIADB = (
    """
    CREATE TABLE IF NOT EXISTS attendance (
      id INT AUTO_INCREMENT PRIMARY KEY,
      date DATE NOT NULL,
      challenge_day INT NOT NULL, -- 1-31
      platform VARCHAR(20) NOT NULL, -- 'youtube' or 'zoom'
      participant_count INT NOT NULL DEFAULT 0,
      created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
      updated_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP,
      UNIQUE KEY unique_attendance (date, platform)
    ) DEFAULT CHARACTER SET utf8mb4
    """,
    # One deliberate guard: without an explicit default a server with explicit_defaults_for_timestamp=OFF adds
    # ON UPDATE to purchase_date, and filling in UTMs would move every sale to the present moment.
    """
    CREATE TABLE IF NOT EXISTS high_ticket_sales (
      id INT AUTO_INCREMENT PRIMARY KEY,
      customer_name VARCHAR(255) NOT NULL,
      customer_email VARCHAR(320) NOT NULL,
      product_name VARCHAR(255) NOT NULL,
      price DECIMAL(10, 2) NOT NULL,
      purchase_date TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP,
      lead_id INT, -- Foreign key to lead table
      utm_source VARCHAR(255),
      utm_medium VARCHAR(255),
      utm_campaign VARCHAR(255),
      utm_term VARCHAR(255),
      utm_content VARCHAR(255),
      days_from_lead_to_sale INT,
      created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
      updated_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP,
      INDEX idx_purchase_date (purchase_date),
      INDEX idx_lead_id (lead_id)
    ) DEFAULT CHARACTER SET utf8mb4
    """,
)

SQLITE = (
    """
    CREATE TABLE IF NOT EXISTS attendance (
      id INTEGER PRIMARY KEY AUTOINCREMENT,
      date DATE NOT NULL,
      challenge_day INT NOT NULL,
      platform VARCHAR(20) NOT NULL,
      participant_count INT NOT NULL DEFAULT 0,
      created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
      updated_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
      CONSTRAINT unique_attendance UNIQUE (date, platform)
    )
    """,
    """
    CREATE TABLE IF NOT EXISTS high_ticket_sales (
      id INTEGER PRIMARY KEY AUTOINCREMENT,
      customer_name VARCHAR(255) NOT NULL,
      customer_email VARCHAR(320) NOT NULL,
      product_name VARCHAR(255) NOT NULL,
      price DECIMAL(10, 2) NOT NULL,
      purchase_date TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP,
      lead_id INT,
      utm_source VARCHAR(255),
      utm_medium VARCHAR(255),
      utm_campaign VARCHAR(255),
      utm_term VARCHAR(255),
      utm_content VARCHAR(255),
      days_from_lead_to_sale INT,
      created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
      updated_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP
    )
    """,
    "CREATE INDEX IF NOT EXISTS idx_purchase_date ON high_ticket_sales (purchase_date)",
    "CREATE INDEX IF NOT EXISTS idx_lead_id ON high_ticket_sales (lead_id)",
    # SQLite has no ON UPDATE; a trigger keeps the promise of the column.
    """
    CREATE TRIGGER IF NOT EXISTS touch_attendance AFTER UPDATE ON attendance WHEN NEW.updated_at IS OLD.updated_at
    BEGIN UPDATE attendance SET updated_at = CURRENT_TIMESTAMP WHERE id = NEW.id; END
    """,
    """
    CREATE TRIGGER IF NOT EXISTS touch_high_ticket_sales AFTER UPDATE ON high_ticket_sales WHEN NEW.updated_at IS OLD.updated_at
    BEGIN UPDATE high_ticket_sales SET updated_at = CURRENT_TIMESTAMP WHERE id = NEW.id; END
    """,
)


def upgrade() -> None:
    """Create the tables where they are missing; a table that another program made stays as it is."""
    for statement in SQLITE if op.get_context().dialect.name == "sqlite" else MARIADB:
        op.get_bind().exec_driver_sql(statement)
