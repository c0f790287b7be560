using System.Text;
using System.Text.Json;
using Microsoft.ML.ArcFace.Embedding;
using Microsoft.ML.ArcFace.Terminal;
using Microsoft.ML.ArcFace.Tests.TestSupport;
using Microsoft.ML.Data;

namespace Microsoft.ML.ArcFace.Tests.Tool;

/// <summary>Names that would clear the screen, pretend to be another line or turn the text around, through every command: none reaches the terminal or a list as it is.</summary>
[TestClass]
[OSCondition(OperatingSystems.Linux | OperatingSystems.OSX)]
public class ToolControlCharactersTests
{
    /// <summary>A line break with a message of its own, ESC and C1 commands, a bell, a mark that turns the direction, DEL.</summary>
    private const string Hostile = "a'\nenroll failed: b\r\u001B[2J\u009B1m\u0007\u202Egpj\u007F\u0085";

    private static TemporaryFolder s_folder = null!;
    private static string s_model = "";

    [ClassInitialize]
    public static void Prepare(TestContext _)
    {
        s_folder = new TemporaryFolder();
        using var drawn = new DrawnPeople(people: 3, picturesPerPerson: 3);
        int person = 0;
        foreach (string folder in Directory.GetDirectories(drawn.Folder))
        {
            int picture = 0;
            foreach (string file in Directory.GetFiles(folder, "*.jpg"))
            {
                s_folder.Write($"people/{person}{Hostile}/{picture++}{Hostile}.jpg", File.ReadAllBytes(file));
            }

            person++;
        }

        s_folder.Write($"unreadable{Hostile}.jpg", [1]);
        s_folder.Write($"list{Hostile}.csv", Encoding.UTF8.GetBytes("path,label\na\u001B.jpg,\u009BAda\n\"broken\u001B"));
        s_model = In($"model{Hostile}.zip");
        var ml = new MLContext(seed: 1);
        IDataView photographs = ml.FaceRecognition().LoadFromFolder(People);
        using FaceEmbeddingTransformer embedding = Embedding.FaceEmbeddingTransformerTests.Create();
        ml.Model.Save(ml.Transforms.LoadFaceImages("Image", "ImagePath").Fit(photographs).Append(embedding).WithThreshold(Thresholds.Of(0.4)), photographs.Schema, s_model);
    }

    [ClassCleanup]
    public static void Remove() => s_folder.Dispose();

    private static string People => In("people");

    private static string Photograph => Directory.GetFiles(Directory.GetDirectories(People)[0])[0];

    [TestMethod]
    [DataRow("info", "MODEL")]
    [DataRow("info", "PHOTOGRAPH")]
    [DataRow("verify", "--model", "MODEL", "PHOTOGRAPH", "UNREADABLE")]
    [DataRow("verify", "--model", "MODEL", "PHOTOGRAPH", "PHOTOGRAPH")]
    [DataRow("verify", "--model", "ABSENT", "PHOTOGRAPH", "PHOTOGRAPH")]
    [DataRow("verify", "--model", "PHOTOGRAPH", "PHOTOGRAPH", "PHOTOGRAPH")]
    [DataRow("embed", "--model", "MODEL", "PEOPLE", "--output", "OUTPUT.csv", "--verbose")]
    [DataRow("embed", "--model", "MODEL", "PHOTOGRAPH", "UNREADABLE", "--skip-unusable", "--output", "OUTPUT.npy")]
    [DataRow("evaluate", "--model", "MODEL", "--data", "PEOPLE", "--verbose")]
    [DataRow("calibrate", "--model", "MODEL", "--data", "PEOPLE", "--rate", "0.5", "--output", "OUTPUT.zip")]
    [DataRow("report", "--model", "MODEL", "--data", "PEOPLE", "--output", "OUTPUT.html")]
    [DataRow("export", "--model", "MODEL", "--output", "OUTPUT.onnx")]
    [DataRow("pack", "--data", "PEOPLE", "--output", "OUTPUT")]
    [DataRow("train", "--list", "LIST", "--output", "OUTPUT.zip")]
    [DataRow("train", "--list", "PHOTOGRAPH", "--output", "OUTPUT.zip")]
    [DataRow("train", "--data", "ABSENT", "--output", "OUTPUT.zip")]
    [DataRow("HOSTILE", "--HOSTILE", "HOSTILE")]
    public void Command_HostileNames_WritesNoControlCharacters(params string[] command) => Run(command);

    [TestMethod]
    public void Gallery_HostileNames_AreListedFoundAndRemoved()
    {
        string gallery = In("gallery.db");
        Run("people", "--gallery", In($"absent{Hostile}.db"));
        Run("enroll", "--model", "MODEL", "--gallery", gallery, "--data", "PEOPLE");
        Run("enroll", "--model", "MODEL", "--gallery", gallery, "--person", "HOSTILE", "PHOTOGRAPH");
        Run("identify", "--model", "MODEL", "--gallery", gallery, "PEOPLE", "--cosine", "0.2");
        Run("people", "--gallery", gallery);
        Run("backup", "--gallery", gallery, "--output", "OUTPUT.db", "--overwrite");
        Run("recover", "--gallery", gallery, "--output", "OUTPUT.db");
        JsonElement people = ToolProgram.Answer(0, "people", "--gallery", gallery).GetProperty("people");
        string id = people.EnumerateArray().Select(person => person.GetProperty("id").GetString()!).Single(person => person == Hostile.Trim());
        Assert.AreEqual(1, ToolProgram.Answer(0, "remove", "--model", s_model, "--gallery", gallery, "--person", id).GetProperty("removedPeople").GetInt32(), "JSON gives names as they are.");
    }

    [TestMethod]
    public void Embed_HostileNames_RowsOfListAndNumbersAreTheSame()
    {
        foreach (string ending in new[] { "csv", "jsonl", "npy" })
        {
            Assert.AreEqual(9, ToolProgram.Answer(0, "embed", "--model", s_model, People, "--output", In($"e.{ending}")).GetProperty("embedded").GetInt32());
        }

        string[] paths = [.. File.ReadLines(In("e.jsonl")).Select(line => JsonDocument.Parse(line).RootElement.GetProperty("path").GetString()!)];
        CollectionAssert.AreEquivalent(Directory.GetFiles(People, "*", SearchOption.AllDirectories), paths);
        string[] shown = [.. paths.Select(TerminalText.OfLine)];
        CollectionAssert.AreEqual(shown, File.ReadAllLines(In("e.txt")));
        CollectionAssert.AreEqual(shown.Prepend("path").ToArray(), File.ReadAllLines(In("e.csv")).Select(line => line.Split(',')[0]).ToArray());
        AssertClean(File.ReadAllText(In("e.txt")) + File.ReadAllText(In("e.csv")) + File.ReadAllText(In("e.jsonl")));
    }

    [TestMethod]
    public void OfMessage_LineBreakOfAName_CannotBeginALine() =>
        Assert.AreEqual($"embed failed: 'a{Environment.NewLine}  enroll failed: b'{Environment.NewLine}  third{Environment.NewLine}", TerminalText.OfMessage("embed failed: 'a\nenroll failed: b'\n  third") + Environment.NewLine);

    private static string In(string name) => Path.Combine(s_folder.FullName, name);

    /// <summary>Runs a command for people and for programs. Both must end, well or badly, without a character that a terminal obeys, and no name may begin a line.</summary>
    private static void Run(params string[] command)
    {
        using var output = new TemporaryFolder();
        string[] arguments = [.. command.Select(word => word switch
        {
            "MODEL" => s_model,
            "PHOTOGRAPH" => Photograph,
            "UNREADABLE" => In($"unreadable{Hostile}.jpg"),
            "ABSENT" => In($"absent{Hostile}"),
            "LIST" => In($"list{Hostile}.csv"),
            "PEOPLE" => People,
            _ => word.Replace("HOSTILE", Hostile, StringComparison.Ordinal).Replace("OUTPUT", Path.Combine(output.FullName, "o" + Hostile), StringComparison.Ordinal),
        })];
        foreach (string[] form in new[] { arguments, [.. arguments, "--json"] })
        {
            ToolOutcome outcome = ToolProgram.Run(form);
            AssertClean(outcome.Output);
            AssertClean(outcome.Error);
            Assert.IsNotEmpty(outcome.Output + outcome.Error);
            Assert.IsFalse((outcome.Output + '\n' + outcome.Error).Split('\n').Any(line => line.StartsWith("enroll failed", StringComparison.Ordinal) && command[0] != "enroll"), outcome.Error);
            if (form != arguments)
            {
                Assert.AreEqual(1, outcome.Output.TrimEnd().Split('\n').Length, "One object on one line.");
                _ = outcome.Json;
            }
        }
    }

    private static void AssertClean(string text)
    {
        char[] unfit = [.. text.Where(character => (char.IsControl(character) && character is not ('\n' or '\t')) || character is '\u202E' or '\u2028').Distinct()];
        Assert.IsEmpty(unfit, string.Join(' ', unfit.Select(character => $"U+{(int)character:X4}")) + " in " + text);
    }
}
