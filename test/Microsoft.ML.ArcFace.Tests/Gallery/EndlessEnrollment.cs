namespace Microsoft.ML.ArcFace.Tests.Gallery;

/// <summary>Enrolls people of three photographs each, removes every fourth again, and prints what has been done, until it is ended.</summary>
internal static class EndlessEnrollment
{
    public const string Name = "enroll-endlessly";

    public const int Photographs = 3;

    public static void Run(string path)
    {
        using FaceGallery gallery = GalleryVectors.Open(path);
        string run = Guid.NewGuid().ToString("N");
        for (int person = 0; ; person++)
        {
            string id = $"{run}-{person}";
            gallery.Enroll([.. Enumerable.Range(0, Photographs).Select(photograph => new FaceToEnroll(id, VectorOf(id, photograph)))]);
            Print($"enrolled {id}");
            if (person % 4 == 3)
            {
                gallery.Remove(id);
                Print($"removed {id}");
            }
        }
    }

    /// <summary>The vector that a photograph was enrolled with.</summary>
    public static float[] VectorOf(string id, int photograph)
    {
        int seed = id.Aggregate(photograph, (hash, character) => unchecked((hash * 31) + character));
        return GalleryVectors.Random(new Random(seed));
    }

    private static void Print(string line)
    {
        Console.WriteLine(line);
        Console.Out.Flush();
    }
}
