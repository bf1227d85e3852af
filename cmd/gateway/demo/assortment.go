package demo

// goods is one category of the shop.
type goods struct {
	name   string
	euros  uint64 // what an item costs, more or less
	demand uint64 // how often its items are looked at, relative to the others
}

// assortment lists the categories, department by department in the order of
// segments. train/catalogue.py has the same numbers.
var assortment = [categories]goods{
	{"furniture", 240, 4}, {"lighting", 60, 5}, {"kitchen", 45, 7}, {"bedding", 70, 5}, {"garden", 50, 4},
	{"shoes", 80, 9}, {"dresses", 65, 6}, {"shirts", 35, 8}, {"bags", 90, 5}, {"watches", 150, 3},
	{"phones", 450, 10}, {"laptops", 900, 5}, {"audio", 120, 8}, {"cameras", 380, 3}, {"games", 50, 9},
	{"cycling", 160, 4}, {"camping", 110, 4}, {"running", 70, 6}, {"climbing", 85, 2}, {"fishing", 60, 2},
	{"coffee", 14, 8}, {"chocolate", 6, 7}, {"wine", 18, 5}, {"snacks", 5, 6}, {"tea", 9, 4},
}

// segments are the departments, and the users whose favourite lies in them.
var segments = [...]string{"home", "fashion", "tech", "outdoor", "pantry"}

var countries = [...]string{"DE", "FR", "US", "GB", "ES", "IT", "NL", "PL", "SE", "AT", "CH", "BE"}

var brands = [...]string{
	"alder", "brisk", "cobalt", "dune", "ember", "fjord", "grove", "halo",
	"iris", "juniper", "kestrel", "lumen", "maple", "nimbus", "orbit", "pebble",
	"quill", "rook", "sable", "tundra", "umber", "vesper", "willow", "zephyr",
}
