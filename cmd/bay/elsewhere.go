package main

// elsewhere says what stands here in the place of a command that docker or docker
// compose has, and bay under no such name.
var elsewhere = map[string]string{
	"up":      "`bay apply` makes what the files say, after showing it",
	"down":    "`bay destroy` takes the stack away; its volumes stay, unless --volumes says otherwise",
	"create":  "write it into the files, and `bay apply` makes it; state = \"created\" does not start it",
	"rm":      "take it out of the files, and `bay apply` removes it; `bay destroy --target ADDRESS` removes it until the next apply",
	"rmi":     "`bay gc` takes away images that the stack brought and nothing uses",
	"prune":   "`bay gc` takes away images that the stack brought and nothing uses",
	"watch":   "`bay apply` after an edit builds and replaces what has moved; nothing here does so without showing it",
	"scale":   "for_each = range(var.replicas) in the files, and `bay apply --var replicas=3`",
	"config":  "`bay validate` checks the files, and `bay plan` shows what they mean",
	"tag":     "`tags` of an image in the files, and `bay build`",
	"rename":  "`name` of a container in the files, and `bay apply` renames it while it runs",
	"compose": "bay's commands stand alone: `bay apply` for up, `bay destroy` for down, `bay logs`",

	"commit":  "`docker commit`: bay leaves alone what comes of it; a Dockerfile and `bay build` make an image that can be made again",
	"save":    "`docker save`: bay keeps no images elsewhere than in registries, by `bay push`",
	"load":    "`docker load`: bay takes what is on the engine then, without asking a registry",
	"export":  "`bay cp web:/ - > web.tar` is a container's files",
	"history": "`docker history`: bay shows what an image is made of as `bay inspect image.web` does",
	"info":    "`bay version` tells of the engine, and `docker info` the rest",

	"container": "`bay ps` lists the containers, and `bay inspect web` shows one",
	"image":     "`bay images` lists the images, and `bay build`, `bay pull` and `bay push` are commands of their own",
	"volume":    "`bay volumes` lists the volumes, and `bay inspect volume.data` shows one; the files make them, and `bay apply --remove-volume ADDRESS` removes one",
	"network":   "`bay networks` lists the networks, and `bay inspect network.back` shows one; the files make them",
	"system":    "`bay ls` lists what bay has made, and `bay gc` takes away images that nothing uses",

	"login":  "accounts at registries are the docker command's: `docker login HOST`, and bay uses them, with the helpers that keep them; a program can name one too: bay doc registry",
	"logout": "accounts at registries are the docker command's: `docker logout HOST`, and bay uses them, with the helpers that keep them; a program can name one too: bay doc registry",

	"new":     "`bay init` begins a stack from a template",
	"refresh": "there is no state to refresh: every plan reads the engine",
	"import":  "`adopt` in the files takes over what exists: bay doc adopt",
	"state":   "there is no state file: the objects on the engine are the record, and `bay ls` lists them",
	"taint":   "`bay apply --replace ADDRESS` makes it anew",
}
