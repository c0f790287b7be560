using System.Text.Json;
using Microsoft.ML.ArcFace.Tests.TestSupport;
using Microsoft.ML.ArcFace.Tool;

namespace Microsoft.ML.ArcFace.Tests.Tool;

/// <summary>Progress, Ctrl+C, and going on.</summary>
[TestClass]
public class ToolStopTests
{
    private static DrawnPeople s_people = null!;

    private static string In(string name) => Path.Combine(s_people.Folder, name);

    [ClassInitialize]
    public static void Draw(TestContext _) => s_people = new DrawnPeople(people: 4, picturesPerPerson: 4);

    [ClassCleanup]
    public static void Remove() => s_people.Dispose();

    [TestMethod]
    [OSCondition(OperatingSystems.Linux)]
    public void Train_InterruptedByASignal_SaysWhatIsKeptAndGoesOn()
    {
        string[] training = ["train", "--data", s_people.Folder, "--output", In("faces.zip"), "--epochs", "3000", "--batch", "4", "--embedding-size", "16", "--checkpoints", In("run")];
        using (ToolProcess first = ToolProcess.Start(training))
        {
            first.WaitFor("epoch 2/3000");
            first.Interrupt();
            Assert.AreEqual(130, first.WaitForExit());
            first.WaitFor("keeps it; the same command goes on from there.");
            StringAssert.Contains(first.Said, "Stopped. ");
        }

        string checkpoint = Directory.GetFiles(In("run"), "checkpoint-*.safetensors").Order(StringComparer.Ordinal).Last();
        int steps = int.Parse(Path.GetFileNameWithoutExtension(checkpoint)["checkpoint-".Length..]);
        using (ToolProcess second = ToolProcess.Start(training))
        {
            second.WaitFor($"Going on from '{In("run")}', after step {steps} of 12000.");
            second.Interrupt();
            second.Interrupt();
            Assert.AreEqual(130, second.WaitForExit(), "Whether the second one came in time or not.");
        }

        Assert.IsFalse(File.Exists(In("faces.zip")));
    }

    [TestMethod]
    public void Train_StoppedWithoutCheckpoints_SaysThatNothingIsKept()
    {
        using var stop = new CancellationTokenSource();
        using var error = new StopOn("epoch 1/3000", stop);
        using var output = new StringWriter();
        int exitCode = ArcFaceCommand.InvokeAsync(
            ["train", "--data", s_people.Folder, "--output", In("never.zip"), "--epochs", "3000", "--batch", "4", "--embedding-size", "16"], output, error, stop.Token).GetAwaiter().GetResult();
        Assert.AreEqual(130, exitCode);
        StringAssert.Contains(error.ToString(), "steps were done (epoch ");
        StringAssert.Contains(error.ToString(), "Nothing was kept; with --checkpoints DIR a training can go on where it was stopped.");
        Assert.IsFalse(File.Exists(In("never.zip")));
    }

    [TestMethod]
    public void Commands_Long_ShowProgressButNotWithJson()
    {
        string model = In("model.zip");
        (string[] Arguments, string[] Works)[] commands =
        [
            (["train", "--data", s_people.Folder, "--output", model, "--epochs", "1", "--batch", "4", "--embedding-size", "16"], ["photographs decoded", "epoch 1/1, step 4/4", "training steps: 4 of 4"]),
            (["evaluate", "--model", model, "--data", s_people.Folder], ["models loaded", "photographs embedded: 16 of 16"]),
            (["calibrate", "--model", model, "--data", s_people.Folder, "--rate", "0.2", "--output", In("calibrated.zip")], ["photographs embedded: 16 of 16"]),
            (["report", "--model", model, "--data", s_people.Folder, "--output", In("report.html")], ["photographs embedded: 16 of 16"]),
            (["embed", "--model", model, s_people.AnyPicture, "--output", In("e.csv")], ["photographs embedded: 1 of 1"]),
            (["enrol", "--model", model, "--gallery", In("g.db"), "--data", s_people.Folder], ["photographs embedded: 16 of 16"]),
            (["identify", "--model", model, "--gallery", In("g.db"), "--cosine", "-1", s_people.AnyPicture], ["photographs embedded: 1 of 1"]),
            (["pack", "--data", s_people.Folder, "--output", In("packed")], ["photographs packed: 16 of 16"]),
        ];
        foreach ((string[] arguments, string[] works) in commands)
        {
            using StringWriter output = new(), error = new(), jsonError = new();
            Assert.AreNotEqual(1, ArcFaceCommand.InvokeAsync(arguments, output, error, clock: new SteppingClock(TimeSpan.FromSeconds(2))).GetAwaiter().GetResult(), $"{arguments[0]}: {error}");
            foreach (string work in works)
            {
                StringAssert.Contains(error.ToString(), work, arguments[0]);
            }

            using var json = new StringWriter();
            ArcFaceCommand.InvokeAsync([.. arguments, "--json"], json, jsonError, clock: new SteppingClock(TimeSpan.FromSeconds(2))).GetAwaiter().GetResult();
            foreach (string work in works)
            {
                Assert.DoesNotContain(work, jsonError.ToString(), arguments[0]);
            }

            JsonDocument.Parse(json.ToString());
        }
    }

    [TestMethod]
    [DataRow("evaluate", "this command writes no files", DisplayName = "evaluate")]
    [DataRow("embed", "Nothing was written.", DisplayName = "embed")]
    public void Commands_Stopped_SayWhatThereIs(string command, string kept)
    {
        string model = In("stop.zip");
        if (!File.Exists(model))
        {
            ToolProgram.Answer(0, "train", "--data", s_people.Folder, "--output", model, "--epochs", "1", "--batch", "4", "--embedding-size", "16");
        }

        string[] rest = command == "evaluate" ? ["--data", s_people.Folder] : [s_people.AnyPicture, "--output", In("stopped.csv")];
        ToolOutcome outcome = ToolProgram.Run(new CancellationToken(canceled: true), [command, "--model", model, .. rest, "--json"]);
        Assert.AreEqual((130, "Cancelled"), (outcome.ExitCode, outcome.ErrorKind));
        StringAssert.Contains(outcome.Error, kept);
        StringAssert.Contains(outcome.Json.GetProperty("error").GetProperty("message").GetString(), kept);
    }
}
