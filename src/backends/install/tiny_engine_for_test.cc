#include "backends/install/tiny_engine_for_test.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include "backends/install/python.h"
#include "base/files.h"

namespace redline::backends {
namespace {

namespace fs = std::filesystem;

// make.py FOLDER
constexpr char kMakePackages[] = R"py(
import io, sys, tarfile, zipfile

def wheel(name, version, files, scripts=''):
    info = f'{name}-{version}.dist-info/'
    entries = dict(files)
    entries[info + 'METADATA'] = f'Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n'
    entries[info + 'WHEEL'] = ('Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\n'
                               'Tag: py3-none-any\n')
    if scripts:
        entries[info + 'entry_points.txt'] = '[console_scripts]\n' + scripts
    record = ''.join(f'{path},,\n' for path in entries) + f'{info}RECORD,,\n'
    with zipfile.ZipFile(f'{sys.argv[1]}/{name}-{version}-py3-none-any.whl', 'w',
                         zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for path, text in {**entries, info + 'RECORD': record}.items():
            archive.writestr(path, text)

def sources(name, backend):
    files = {'pyproject.toml': '[build-system]\nrequires = []\nbuild-backend = "backend"\n'
                               'backend-path = ["."]\n',
             'PKG-INFO': f'Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n',
             'backend.py': backend}
    with tarfile.open(f'{sys.argv[1]}/{name}-1.0.tar.gz', 'w:gz') as archive:
        for path, text in files.items():
            member = tarfile.TarInfo(f'{name}-1.0/{path}')
            member.size = len(text)
            archive.addfile(member, io.BytesIO(text.encode()))

wheel('tiny_engine', '1.0', {'tiny_engine.py': "def main(): print('tiny 1.0')\n"},
      'tiny-engine = tiny_engine:main\n')
for version in '2.1', '3.0':
    wheel('tiny.dep', version, {'tiny_dep.py': ''})
wheel('bulky', '1.0', {'bulky.bin': bytes(64 << 20)})
sources('broken', "raise SystemExit('fatal: no such header: tiny.h')\n")
sources('slow', '''
import os, pathlib, time, zipfile
def build_wheel(directory, config_settings=None, metadata_directory=None):
    started = pathlib.Path(os.environ['TINY_STARTED'])
    started.with_suffix('.part').write_text(str(os.getpid()))
    started.with_suffix('.part').rename(started)
    while not os.path.exists(os.environ['TINY_GO']):
        time.sleep(0.05)
    info = 'slow-1.0.dist-info/'
    with zipfile.ZipFile(f'{directory}/slow-1.0-py3-none-any.whl', 'w') as archive:
        archive.writestr('slow.py', '')
        archive.writestr(info + 'METADATA', 'Metadata-Version: 2.1\\nName: slow\\nVersion: 1.0\\n')
        archive.writestr(info + 'WHEEL', 'Wheel-Version: 1.0\\nGenerator: test\\n'
                                         'Root-Is-Purelib: true\\nTag: py3-none-any\\n')
        archive.writestr(info + 'RECORD', '')
    return 'slow-1.0-py3-none-any.whl'
''')
)py";

}  // namespace

TestFolder::TestFolder() {
  std::string name = testing::TempDir() + "redline_install_XXXXXX";
  EXPECT_NE(::mkdtemp(name.data()), nullptr);
  path_ = name;
}

TestFolder::~TestFolder() {
  std::error_code error;
  fs::remove_all(path_, error);
}

InstallRecipe TinyRecipe() {
  return {.engine = "tiny",
          .version = "1.0",
          .device = "cpu",
          .python_from = "3.9",
          .python_before = "3.99",
          .packages = {"tiny-engine==1.0", "tiny.dep==2.1"},
          .names = {{"tiny", "1.0+cpu"}},
          .program = {"bin/tiny-*", "serve"},
          .check = {"bin/tiny-engine"},
          .disk_bytes = 0};
}

void MakeTinyPackages(const fs::path& folder) {
  ASSERT_TRUE(WriteFileAtomic(folder / "make.py", kMakePackages).ok());
  const auto made = OutputOf({"python3", (folder / "make.py").string(), folder.string()}, 60);
  ASSERT_TRUE(made.ok()) << made.status().ToString();
  ::setenv("PIP_CONFIG_FILE", "/dev/null", 1);
  ::setenv("PIP_NO_COMPILE", "1", 1);
  ::setenv("PIP_NO_INDEX", "1", 1);
  ::setenv("PIP_FIND_LINKS", folder.c_str(), 1);
  ::setenv("PIP_CACHE_DIR", (folder / "pip-cache").c_str(), 1);
}

std::string WhyNoVirtualEnvironments() {
  static const std::string why = FindPython(TinyRecipe(), "").status().message();
  return why;
}

}  // namespace redline::backends
