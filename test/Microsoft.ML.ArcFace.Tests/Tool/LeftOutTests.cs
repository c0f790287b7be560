using System.Text;
using System.Text.Json;
using Microsoft.ML.ArcFace.Samples.Drawing;
using Microsoft.ML.ArcFace.Tests.TestSupport;

namespace Microsoft.ML.ArcFace.Tests.Tool;

[TestClass]
public class LeftOutTests
{
    [TestMethod]
    public void Pack_FolderOfAPhone_TellsWhatIsLeftOutToPeopleAndPrograms()
    {
        using var people = new DrawnPeople(people: 2, picturesPerPerson: 2);
        using var output = new TemporaryFolder();
        string person = Directory.GetDirectories(people.Folder)[0];
        File.WriteAllText(Path.Combine(person, "1.HEIC"), "x");
        File.WriteAllText(Path.Combine(person, ".hidden.jpg"), "x");

        ToolOutcome packed = ToolProgram.Run("pack", "--data", people.Folder, "--output", output.FullName, "--json");
        Assert.AreEqual(0, packed.ExitCode, packed.Error);
        Assert.Contains("convert to JPEG", packed.Error);
        JsonElement[] leftOut = [.. packed.Json.GetProperty("leftOut").EnumerateArray()];
        CollectionAssert.AreEqual(new[] { "heic .heic 1", "hidden .jpg 1" }, leftOut.Select(files => $"{files.GetProperty("reason")} {files.GetProperty("ending")} {files.GetProperty("count")}").ToArray());
        Assert.AreEqual($"{Path.GetFileName(person)}/1.HEIC", leftOut[0].GetProperty("examples")[0].GetString());
        Assert.AreEqual(4, packed.Json.GetProperty("photographs").GetInt32());
    }

    [TestMethod]
    public void Pack_PairsInAnotherEncoding_NeedItsName()
    {
        using var people = new DrawnPeople(people: 4, picturesPerPerson: 2);
        using var output = new TemporaryFolder();
        string pairs = Path.Combine(people.Folder, "pairs.txt"), person = Directory.GetDirectories(people.Folder).Order(StringComparer.Ordinal).First();
        DrawnFaces.WritePairs(pairs, people: 4, picturesPerPerson: 2, folds: 2, pairsPerKind: 2, seed: 1);
        File.WriteAllBytes(pairs, Encoding.Latin1.GetBytes(File.ReadAllText(pairs).Replace(Path.GetFileName(person), "Ren\u00E9", StringComparison.Ordinal)));
        Directory.Move(person, Path.Combine(people.Folder, "Ren\u00E9"));
        string[] command = ["pack", "--data", people.Folder, "--pairs", pairs, "--output", output.FullName];

        ToolOutcome refused = ToolProgram.Run([.. command, "--json"]);
        Assert.AreEqual((1, "PairsFileException"), (refused.ExitCode, refused.ErrorKind));
        Assert.Contains("name its encoding (--encoding latin1)", refused.Error);
        Assert.AreEqual(8, ToolProgram.Answer(0, [.. command, "--encoding", "windows-1252"]).GetProperty("pairs").GetInt32());
        Assert.Contains("which is no encoding", ToolProgram.Run([.. command, "--encoding", "klingon"]).Error);
    }
}
