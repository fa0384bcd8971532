export const HELP = `opencode-kiro-auth: the Kiro accounts of OpenCode

Usage
  opencode-kiro-auth accounts                        every account: health, credits, reset
  opencode-kiro-auth accounts label ACCOUNT TEXT     give it a name of your own ("" takes it away)
  opencode-kiro-auth accounts enable ACCOUNT         use it again (also after a suspension was lifted)
  opencode-kiro-auth accounts disable ACCOUNT        keep it, but don't use it
  opencode-kiro-auth accounts remove ACCOUNT         forget it; kiro-cli and Kiro IDE stay logged in
  opencode-kiro-auth accounts profile ACCOUNT [ARN]  list its Identity Center profiles, or choose one
  opencode-kiro-auth usage                           ask Kiro for the credits of every account now
  opencode-kiro-auth import [--dry-run]              take the logins of kiro-cli and Kiro IDE
  opencode-kiro-auth doctor [--report]               look for what is wrong, and say how to mend it

ACCOUNT is the short id of the list (a1b2), a label, or the whole id.

Options
  --json       one JSON document instead of a table
  --dry-run    import: show what would be taken, change nothing
  --report     doctor: a redacted text to paste into an issue
  --help, --version

Exit codes
  0  done, nothing wrong    1  something is wrong, or failed    2  the command line is off

To log in: opencode auth login, then choose Kiro.`
