using System.Text.Json;
using Microsoft.ML.ArcFace.Tests.TestSupport;

namespace Microsoft.ML.ArcFace.Tests.Tool;

/// <summary>What the tool does with command lines and files that are wrong, and how it is stopped.</summary>
[TestClass]
public class ArcFaceCommandTests
{
    private static TemporaryFolder s_folder = null!;
    private static string s_damaged = "";

    [ClassInitialize]
    public static void Write(TestContext _)
    {
        s_folder = new TemporaryFolder();
        s_damaged = s_folder.Write("damaged.zip", "no model"u8.ToArray());
    }

    [ClassCleanup]
    public static void Remove() => s_folder.Dispose();

    [TestMethod]
    [DataRow("fly", "There is no command 'fly'. There are train, evaluate,", DisplayName = "no such command")]
    [DataRow("trian --data .", "There is no command 'trian'. Did you mean train?", DisplayName = "a mistyped command")]
    [DataRow("calibarte", "Did you mean calibrate?", DisplayName = "another mistyped command")]
    [DataRow("--hlep", "There is no option '--hlep' of arcface. Did you mean --help?", DisplayName = "a mistyped option without a command")]
    [DataRow("train --dta .", "There is no option '--dta' of arcface train. Did you mean --data?", DisplayName = "a mistyped option")]
    [DataRow("train --data . --checkpoint .", "Did you mean --checkpoints?", DisplayName = "half an option")]
    [DataRow("train --data . --jsno", "Did you mean --json?", DisplayName = "a mistyped option of all commands")]
    [DataRow("embed --modle damaged.zip --output e.csv damaged.zip", "There is no option '--modle' of arcface embed. Did you mean --model?", DisplayName = "a mistyped option before photographs")]
    [DataRow("train --data . --learningrate=0.1", "Did you mean --learning-rate?", DisplayName = "a mistyped option with its value")]
    [DataRow("train --data . --qqqq", "There is no option '--qqqq' of arcface train.", DisplayName = "an option like none")]
    [DataRow("train", "not 0", DisplayName = "no photographs")]
    [DataRow("train --data . --list damaged.zip", "not 2", DisplayName = "photographs in two ways")]
    [DataRow("train --data missing", "'missing', which does not exist", DisplayName = "no such folder")]
    [DataRow("train --data damaged.zip", "which is a file, where a folder is due", DisplayName = "a file in place of a folder")]
    [DataRow("train --data . --weights .", "which is a folder, where a file is due", DisplayName = "a folder in place of a file")]
    [DataRow("train --data . --loss magic", "'magic'", DisplayName = "no such loss")]
    [DataRow("train --data . --backbone r51", "'r51'", DisplayName = "no such network")]
    [DataRow("train --data . --epochs 0", "1 to 100000", DisplayName = "a number out of its range")]
    [DataRow("train --data . --epochs many", "whole number", DisplayName = "no number")]
    [DataRow("train --data . --precision float8", "float8", DisplayName = "no such precision")]
    [DataRow("train --data . --loss softmax --margin 0.5", "softmax has none", DisplayName = "a margin for a loss without")]
    [DataRow("train --data . --loss arcface --margin 9", "--margin is 9; it must lie from 0 to ", DisplayName = "a margin out of its range")]
    [DataRow("train --data . --freeze 2", "--freeze is 2, but there are no --weights to keep", DisplayName = "frozen stages without weights")]
    [DataRow("train --data . --checkpoint-every 10", "--checkpoint-every is 10, but there is no --checkpoints to write checkpoints to", DisplayName = "checkpoints nowhere")]
    [DataRow("train --data . --patience 3", "--validate", DisplayName = "patience without validation")]
    [DataRow("embed --model damaged.zip --output e.xml damaged.zip", "'e.xml'", DisplayName = "no such format")]
    [DataRow("embed --model damaged.zip --output e.csv missing.jpg", "'missing.jpg' does not exist", DisplayName = "no such photograph")]
    [DataRow("verify --model damaged.zip damaged.zip", "second", DisplayName = "one photograph")]
    [DataRow("verify --model damaged.zip damaged.zip damaged.zip --cosine 2", "-1 to 1", DisplayName = "a cosine out of its range")]
    [DataRow("calibrate --model damaged.zip --data . --rate 1", "below 1", DisplayName = "a rate out of its range")]
    [DataRow("enroll --model damaged.zip --gallery g.db", "--person", DisplayName = "nobody to enroll")]
    [DataRow("import --output i.zip", "in one way: --weights FILE, or --pack", DisplayName = "nothing to import")]
    [DataRow("import --weights damaged.zip --pack . --output i.zip", "in one way", DisplayName = "two things to import")]
    [DataRow("import --weights damaged.zip --pixels grb --output i.zip", "There are no pixels 'grb'; use one of standard,", DisplayName = "no such pixels")]
    [DataRow("import --weights damaged.zip --pixels standard --find-pixels . --output i.zip", "give one of them", DisplayName = "pixels that are said and looked for")]
    [DataRow("import --weights damaged.zip --rate 0.1 --output i.zip", "--calibrate DIR", DisplayName = "a rate of nothing")]
    [DataRow("export --model damaged.zip --output faces.pth", "'faces.pth'", DisplayName = "no such export")]
    public void CommandLine_Wrong_IsToldWithCode2(string commandLine, string message)
    {
        string[] arguments = [.. commandLine.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(part => part switch { "damaged.zip" => s_damaged, "." => s_folder.FullName, _ => part })];
        ToolOutcome outcome = ToolProgram.Run([.. arguments, "--json"]);
        Assert.AreEqual((2, "WrongCommandLine"), (outcome.ExitCode, outcome.ErrorKind));
        StringAssert.Contains(outcome.Error, message);
        StringAssert.Contains(outcome.Error, "--help");
        Assert.AreEqual(outcome.Error.TrimEnd(), outcome.Json.GetProperty("error").GetProperty("message").GetString());
        Assert.AreEqual("", ToolProgram.Run(arguments).Output, "Without --json standard output stays empty.");
    }

    [TestMethod]
    [DataRow("embed --model ~ a.jpg --output e.csv", "'--model'")]
    [DataRow("people --gallery ~", "'--gallery'")]
    [DataRow("embed --output e.csv ~", "'e.csv'")]
    [DataRow("info ~", "'info'")]
    [DataRow("~", "'arcface'")]
    public void CommandLine_EmptyWord_IsNamedByTheOneBefore(string line, string before)
    {
        ToolOutcome outcome = ToolProgram.Run([.. line.Split(' ').Select(word => word == "~" ? "" : word), "--json"]);
        Assert.AreEqual((2, "WrongCommandLine"), (outcome.ExitCode, outcome.ErrorKind));
        Assert.Contains($"What stands behind {before} is empty", outcome.Error);
    }

    [TestMethod]
    public void CommandLine_MistypedOption_DoesNotBlameItsValue()
    {
        ToolOutcome outcome = ToolProgram.Run("train", "--data", s_folder.FullName, "--epcohs", "20");
        Assert.AreEqual($"There is no option '--epcohs' of arcface train. Did you mean --epochs?{Environment.NewLine}See: arcface train --help", outcome.Error.TrimEnd());
    }

    [TestMethod]
    public void CommandLine_Empty_ShowsHelp()
    {
        ToolOutcome outcome = ToolProgram.Run();
        Assert.AreEqual((0, ""), (outcome.ExitCode, outcome.Error));
        Assert.AreEqual(ToolProgram.Run("--help").Output, outcome.Output);
        StringAssert.Contains(outcome.Output, "calibrate");
    }

    [TestMethod]
    public void Model_Damaged_IsToldWithCode1()
    {
        ToolOutcome outcome = ToolProgram.Run("verify", "--model", s_damaged, s_damaged, s_damaged, "--json");
        Assert.AreEqual(1, outcome.ExitCode);
        StringAssert.Contains(outcome.Error, $"verify failed: '{s_damaged}' cannot be loaded as a model. It is a text file");
        Assert.DoesNotContain("   at ", outcome.Error);
        StringAssert.Contains(ToolProgram.Run("verify", "--model", s_damaged, s_damaged, s_damaged, "--verbose").Error, "   at ");
    }

    [TestMethod]
    public void Train_FolderWithoutPhotographs_IsToldWithCode1()
    {
        string output = Path.Combine(s_folder.FullName, "never.zip");
        Assert.AreEqual(1, ToolProgram.Run("train", "--data", s_folder.FullName, "--output", output).ExitCode);
        Assert.IsFalse(File.Exists(output));
    }

    [TestMethod]
    public void Train_Cancelled_EndsWithCode130()
    {
        using var people = new DrawnPeople(people: 2, picturesPerPerson: 2);
        string output = Path.Combine(people.Folder, "faces.zip");
        ToolOutcome outcome = ToolProgram.Run(new CancellationToken(canceled: true), "train", "--data", people.Folder, "--output", output, "--batch", "2", "--json");
        Assert.AreEqual((130, "Cancelled"), (outcome.ExitCode, outcome.ErrorKind));
        Assert.IsFalse(File.Exists(output));
    }

    [TestMethod]
    public void Doctor_Here_FindsEverythingAtWork()
    {
        JsonElement facts = ToolProgram.Answer(0, "doctor");
        Assert.IsTrue(facts.GetProperty("healthy").GetBoolean());
        Assert.AreEqual(3, facts.GetProperty("libraries").EnumerateArray().Count(library => library.GetProperty("problem").ValueKind == JsonValueKind.Null));
        JsonElement gpu = facts.GetProperty("gpu");
        Assert.AreEqual(gpu.GetProperty("count").GetInt32() == 0, gpu.GetProperty("whyNot").ValueKind == JsonValueKind.String);
        StringAssert.Contains(ToolProgram.Run("doctor").Output, "TorchSharp 0.107");
    }

    [TestMethod]
    public void Help_OfEachCommand_HasItsOptions()
    {
        StringAssert.Contains(ToolProgram.Run("train", "--help").Output, "--learning-rate <X>");
        StringAssert.Contains(ToolProgram.Run("train", "--help").Output, "[default: mbf]");
        StringAssert.Contains(ToolProgram.Run("--help").Output, "identify");
    }
}
