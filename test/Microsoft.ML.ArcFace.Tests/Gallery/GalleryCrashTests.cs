using System.Diagnostics;
using Microsoft.Data.Sqlite;
using Microsoft.ML.ArcFace.Tests.TestSupport;

namespace Microsoft.ML.ArcFace.Tests.Gallery;

/// <summary>A process that is killed while it enrolls leaves a gallery with all that it had acknowledged, and nothing half.</summary>
[TestClass]
public class GalleryCrashTests
{
    private const int Kills = 5;

    [TestMethod]
    public void Enroll_KilledAtAnyMoment_KeepsWhatWasAcknowledgedAndNothingHalf()
    {
        using var folder = new TemporaryFolder();
        string path = Path.Combine(folder.FullName, "people.gallery");
        var random = new Random(7);
        HashSet<string> enrolled = [], removed = [];
        for (int kill = 0; kill < Kills; kill++)
        {
            EnrollUntilKilled(path, random.Next(1, 25), random.Next(4), enrolled, removed);
            Check(path, enrolled, removed, kill + 1);
        }

        Assert.IsGreaterThan(Kills, removed.Count);
        using var connection = new SqliteConnection($"Data Source={path};Pooling=false");
        connection.Open();
        using SqliteCommand check = connection.CreateCommand();
        check.CommandText = "PRAGMA integrity_check";
        Assert.AreEqual("ok", check.ExecuteScalar());
    }

    private static void EnrollUntilKilled(string path, int lines, int milliseconds, HashSet<string> enrolled, HashSet<string> removed)
    {
        using Process process = ChildProgram.Start(EndlessEnrollment.Name, path);
        for (int line = 0; line < lines; line++)
        {
            Note(process.StandardOutput.ReadLine());
        }

        Thread.Sleep(milliseconds);
        process.Kill();
        while (process.StandardOutput.ReadLine() is { } rest)
        {
            Note(rest);
        }

        process.WaitForExit();
        Assert.AreNotEqual(0, process.ExitCode);

        void Note(string? line)
        {
            string[] words = line?.Split(' ') ?? ["nothing", ""];
            Assert.IsTrue(words is ["enrolled" or "removed", { Length: > 32 }], $"The child said '{line}'.");
            (words[0] == "enrolled" ? enrolled : removed).Add(words[1]);
        }
    }

    private static void Check(string path, HashSet<string> enrolled, HashSet<string> removed, int kills)
    {
        using FaceGallery gallery = GalleryVectors.Open(path);
        IReadOnlyList<GalleryPerson> people = gallery.GetPeople();
        Assert.IsTrue(people.All(person => person.Photographs.Count == EndlessEnrollment.Photographs), "Nobody is there by half.");
        string[] ids = [.. people.Select(person => person.Id)];
        Assert.IsFalse(removed.Any(ids.Contains), "Nobody came back who was removed.");
        string[] expected = [.. enrolled.Except(removed)];

        // What a kill interrupted may be there or not, as a whole: the person after the last line, or a removal that was not acknowledged.
        Assert.IsLessThanOrEqualTo(kills, ids.Except(expected).Count());
        Assert.IsLessThanOrEqualTo(kills, expected.Except(ids).Count());
        Assert.IsTrue(expected.Except(ids).All(id => int.Parse(id.Split('-')[1]) % 4 == 3), "Only a removal that was under way may have happened.");
        foreach (string id in ids.Take(5).Concat(ids.TakeLast(5)))
        {
            for (int photograph = 0; photograph < EndlessEnrollment.Photographs; photograph++)
            {
                FaceCandidate nearest = gallery.Search(EndlessEnrollment.VectorOf(id, photograph))[0];
                Assert.AreEqual(id, nearest.PersonId);
                Assert.AreEqual(1, nearest.Score, 1e-6);
            }
        }
    }
}
