package config

import (
	"fmt"
	"slices"
	"strings"

	"github.com/rankgate/rankgate/rank"
)

// Check compares the settings with the repository they speak of: the default
// model and the routes must lead somewhere.
func (c *Config) Check(models []Model) error {
	versions := byName(models)
	var wrong []rank.FieldError
	fail := func(path, message string) {
		wrong = append(wrong, rank.FieldError{Path: path, Message: message})
	}
	if name := c.Models.Default; name != "" && versions[name] == nil {
		fail("models.default", "there is no model "+quote(name)+"; "+hint(name, sorted(versions)))
	}
	for _, name := range sorted(c.Routes) {
		path, route, has := "routes."+name, c.Routes[name], versions[name]
		if has == nil {
			fail(path, "there is no model "+quote(name)+"; "+hint(name, sorted(versions)))
			continue
		}
		places := append(sorted(c.Pools), Local)
		for i, place := range route.RunOn {
			if !slices.Contains(places, place) {
				fail(fmt.Sprintf("%s.run_on[%d]", path, i), "there is no pool "+quote(place)+"; "+hint(place, places))
			}
		}
		if other := route.Fallback; other != "" && versions[other] == nil {
			fail(path+".fallback", "there is no model "+quote(other)+"; "+hint(other, sorted(versions)))
		}
		list := "; there are " + strings.Join(has, ", ")
		if route.Stable != "" && !slices.Contains(has, route.Stable) {
			fail(path+".stable", name+" has no version "+route.Stable+list)
		}
		canary := route.Canary.Version
		switch {
		case canary != "" && !slices.Contains(has, canary):
			fail(path+".canary.version", name+" has no version "+canary+list)
		case canary != "" && route.Stable == "" && canary == has[len(has)-1]:
			fail(path+".canary.version", canary+" is the highest version and so the stable one too; set "+path+".stable")
		}
	}
	return c.File.Errors(wrong)
}

// DefaultModel returns the model of a request that names none: the one that is
// set, else the only one, else none ("").
func (c *Config) DefaultModel(models []Model) string {
	if names := byName(models); c.Models.Default == "" && len(names) == 1 {
		return models[0].Spec.Name
	}
	return c.Models.Default
}

// byName returns the versions of each model, lowest first.
func byName(models []Model) map[string][]string {
	m := map[string][]string{}
	for _, model := range models {
		m[model.Spec.Name] = append(m[model.Spec.Name], model.Spec.Version)
	}
	return m
}
