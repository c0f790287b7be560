using Microsoft.ML.ArcFace.Terminal;
using Microsoft.ML.ArcFace.Tests.TestSupport;

namespace Microsoft.ML.ArcFace.Tests.Tool;

[TestClass]
public class ModelFileTests
{
    [TestMethod]
    public void CheckWritable_NewFolder_LeavesNoFile()
    {
        using var folder = new TemporaryFolder();
        string path = Path.Combine(folder.FullName, "new", "faces.zip");
        ModelFile.CheckWritable(path);
        Assert.IsFalse(File.Exists(path));
    }

    [TestMethod]
    public void CheckWritable_ExistingFile_KeepsItsContent()
    {
        using var folder = new TemporaryFolder();
        string path = folder.Write("faces.zip", [1, 2, 3]);
        ModelFile.CheckWritable(path);
        CollectionAssert.AreEqual(new byte[] { 1, 2, 3 }, File.ReadAllBytes(path));
    }

    [TestMethod]
    [DataRow("file/faces.zip")]
    [DataRow("")]
    public void CheckWritable_FolderThatCannotBeWritten_NamesPathAndRemedy(string relativePath)
    {
        // A file in the place of the folder, and a folder in the place of the file: neither can be written, even by root.
        using var folder = new TemporaryFolder();
        folder.Write("file", [1]);
        string path = Path.Combine(folder.FullName, relativePath);
        IOException error = Assert.ThrowsExactly<IOException>(() => ModelFile.CheckWritable(path));
        StringAssert.StartsWith(error.Message, $"--output is '{path}', which cannot be written (");
        StringAssert.EndsWith(error.Message, "give a file in a folder that you may write to.");
    }

    [TestMethod]
    [OSCondition(OperatingSystems.Linux)]
    public void CheckWritable_FileSystemThatTakesNoFiles_SaysSo()
    {
        IOException error = Assert.ThrowsExactly<IOException>(() => ModelFile.CheckWritable("/proc/faces.onnx"));
        Assert.AreEqual("--output is '/proc/faces.onnx', where no file can be made; give a file in a folder that you may write to.", error.Message);
    }
}
