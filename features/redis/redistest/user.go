package redistest

// User returns the arguments of Start that add an ACL user who may do everything,
// less what the rules take away ("-client|tracking", "~rankgate:*").
func User(name, password string, rules ...string) []string {
	return append([]string{"--user", name, "on", ">" + password, "~*", "&*", "+@all"}, rules...)
}
