using Microsoft.ML.ArcFace.Tests.TestSupport;

namespace Microsoft.ML.ArcFace.Tests.Tool;

/// <summary>Work without anything to work on fails, and says what was looked for and where.</summary>
[TestClass]
public class ToolEmptyWorkTests
{
    private static DrawnPeople s_people = null!;
    private static string s_model = "", s_empty = "", s_one = "", s_single = "", s_unreadable = "";

    [ClassInitialize]
    public static void Train(TestContext _)
    {
        s_people = new DrawnPeople(people: 4, picturesPerPerson: 4);
        s_model = Path.Combine(s_people.Folder, "faces.zip");
        ToolProgram.Answer(0, "train", "--data", s_people.Folder, "--output", s_model, "--epochs", "1", "--batch", "4", "--embedding-size", "16");
        string[] people = [.. Directory.GetDirectories(s_people.Folder).Order(StringComparer.Ordinal)];
        (s_empty, s_one, s_single, s_unreadable) = (Make("empty"), Make("one"), Make("single"), Make("unreadable"));
        Copy(people[0], Path.Combine(s_one, "a"), all: true);
        foreach (string person in people)
        {
            Copy(person, Path.Combine(s_single, Path.GetFileName(person)), all: false);
        }

        File.WriteAllText(Path.Combine(s_unreadable, "a.jpg"), "no image");

        static string Make(string name) => Directory.CreateDirectory(Path.Combine(s_people.Folder + "-sets", name)).FullName;

        static void Copy(string from, string to, bool all)
        {
            Directory.CreateDirectory(to);
            foreach (string file in Directory.GetFiles(from).Take(all ? int.MaxValue : 1))
            {
                File.Copy(file, Path.Combine(to, Path.GetFileName(file)));
            }
        }
    }

    [ClassCleanup]
    public static void Remove()
    {
        s_people.Dispose();
        Directory.Delete(s_people.Folder + "-sets", recursive: true);
    }

    [TestMethod]
    [DataRow("evaluate --data EMPTY", "holds no photographs of people")]
    [DataRow("evaluate --data ONE", "of 1 people give 6 genuine and 0 impostor pairs")]
    [DataRow("evaluate --data SINGLE", "give 0 genuine and 6 impostor pairs")]
    [DataRow("report --data EMPTY --output OUT.html", "holds no photographs of people")]
    [DataRow("report --data ONE --output OUT.html", "6 genuine and 0 impostor pairs")]
    [DataRow("calibrate --data EMPTY --output OUT.zip", "holds no photographs of people")]
    [DataRow("calibrate --data ONE --output OUT.zip", "6 genuine and 0 impostor pairs")]
    [DataRow("calibrate --data SINGLE --output OUT.zip", "0 genuine and 6 impostor pairs")]
    [DataRow("embed EMPTY --output OUT.csv", "There are no photographs")]
    [DataRow("embed UNREADABLE --skip-unusable --output OUT.csv", "None of the 1 photographs could be used")]
    public void Command_NothingToWorkOn_IsAnErrorWithAReason(string commandLine, string reason)
    {
        string output = Path.Combine(s_people.Folder, "out");
        string[] arguments = [.. commandLine.Split(' ').Select(part => part.Replace("EMPTY", s_empty).Replace("ONE", s_one).Replace("SINGLE", s_single).Replace("UNREADABLE", s_unreadable).Replace("OUT", output))];
        ToolOutcome outcome = ToolProgram.Run([.. arguments, "--model", s_model, "--json"]);
        Assert.AreEqual(1, outcome.ExitCode, outcome.Error);
        string message = outcome.Json.GetProperty("error").GetProperty("message").GetString()!;
        StringAssert.Contains(message, reason);
        Assert.DoesNotContain("Parameter", message);
        Assert.IsEmpty(Directory.GetFiles(s_people.Folder, "out*"), "Nothing is written.");
    }

    [TestMethod]
    public void Pack_NothingToPack_IsAnErrorWithAReason()
    {
        ToolOutcome outcome = ToolProgram.Run("pack", "--data", s_empty, "--output", Path.Combine(s_people.Folder, "packed"), "--json");
        Assert.AreEqual(1, outcome.ExitCode);
        StringAssert.Contains(outcome.Error, $"'{s_empty}' holds no photographs of people");
    }
}
