// Puts every notebook of the folder into JupyterLab's launcher; a container of webpack's module federation, written by hand.
var _JUPYTERLAB = window._JUPYTERLAB ?? {};
window._JUPYTERLAB = _JUPYTERLAB;

{
  let scope;

  const shared = async (name) => {
    const [version] = Object.values(scope[name]);
    return (await version.get())();
  };

  const title = (name) => {
    const words = name.replace(/\.ipynb$/, "").replaceAll(/[_-]+/g, " ");
    return words === "view3" ? "View 3" : words.charAt(0).toUpperCase() + words.slice(1);
  };

  const offer = (app, launcher, icon, path) => {
    const command = `view3:open:${path}`;
    app.commands.addCommand(command, {
      label: title(path),
      caption: `Open ${path}`,
      icon,
      execute: () => app.commands.execute("docmanager:open", { path }),
    });
    launcher.add({ command, category: "View 3" });
  };

  const activate = async (app, launcher, icon) => {
    const { content } = await app.serviceManager.contents.get("");
    const notebooks = content.filter((one) => one.type === "notebook").map((one) => one.path);
    for (const path of notebooks.sort()) offer(app, launcher, icon, path);
  };

  _JUPYTERLAB["view3-launcher"] = {
    init: (given) => {
      scope = given;
    },
    get: async () => {
      const { ILauncher } = await shared("@jupyterlab/launcher");
      const { notebookIcon } = await shared("@jupyterlab/ui-components");
      const plugin = {
        id: "view3-launcher:plugin",
        description: "The notebooks of View 3 in the launcher.",
        autoStart: true,
        requires: [ILauncher],
        activate: (app, launcher) => activate(app, launcher, notebookIcon),
      };
      return () => ({ __esModule: true, default: plugin });
    },
  };
}
