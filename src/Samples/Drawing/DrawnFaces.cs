using System.Globalization;
using SkiaSharp;

namespace Microsoft.ML.ArcFace.Samples.Drawing;

/// <summary>
/// Draws faces of people who do not exist, 112×112 pixels, aligned as ArcFace expects. Everything follows from the
/// seed: person 7 of seed 1 is the same person in every call, and people of different numbers are different people.
/// </summary>
internal static class DrawnFaces
{
    /// <summary>Width and height of every picture in pixels.</summary>
    public const int Side = 112;

    /// <summary>Draws one picture; the caller disposes it.</summary>
    public static SKBitmap Draw(DrawnPerson person, Shot shot)
    {
        var info = new SKImageInfo(Side, Side, SKColorType.Rgba8888, SKAlphaType.Premul);
        var pose = new HeadPose(person, shot);
        using SKBitmap scene = new(info);
        using (var canvas = new SKCanvas(scene))
        {
            Background.Draw(canvas, shot);
            using SKBitmap head = DrawHead(info, pose, person, shot);
            canvas.DrawBitmap(head, 0, 0);
        }

        return Camera.Take(scene, shot);
    }

    /// <summary>Draws one picture of a person and encodes it as a JPEG file.</summary>
    public static byte[] DrawJpeg(int seed, int personNumber, int pictureNumber)
    {
        DrawnPerson person = DrawnPerson.Create(seed, personNumber);
        Shot shot = Shot.Create(person, seed, personNumber, pictureNumber);
        using SKBitmap picture = Draw(person, shot);
        using SKData jpeg = picture.Encode(SKEncodedImageFormat.Jpeg, shot.JpegQuality);
        return jpeg.ToArray();
    }

    /// <summary>
    /// Writes one folder a person: <c>person_0001/0001.jpg</c> and so on; person number n stands in folder n + 1.
    /// </summary>
    /// <param name="folder">Where the people's folders go; created if missing.</param>
    /// <param name="people">How many people, at least 1.</param>
    /// <param name="picturesPerPerson">How many pictures of each, at least 1.</param>
    /// <param name="seed">The world the people come from.</param>
    /// <param name="firstPerson">Number of the first person, from 0; other numbers are other people.</param>
    /// <param name="cancellationToken">Stops between two people.</param>
    public static void WriteFolder(
        string folder, int people, int picturesPerPerson, int seed, int firstPerson = 0, CancellationToken cancellationToken = default)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(people);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(picturesPerPerson);
        ArgumentOutOfRangeException.ThrowIfNegative(firstPerson);
        Parallel.For(firstPerson, firstPerson + people, new ParallelOptions { CancellationToken = cancellationToken }, person =>
        {
            string personFolder = Path.Combine(folder, PersonName(person));
            Directory.CreateDirectory(personFolder);
            for (int picture = 0; picture < picturesPerPerson; picture++)
            {
                string file = Path.Combine(personFolder, string.Create(CultureInfo.InvariantCulture, $"{picture + 1:D4}.jpg"));
                File.WriteAllBytes(file, DrawJpeg(seed, person, picture));
            }
        });
    }

    /// <summary>
    /// Writes pairs over a folder of <see cref="WriteFolder"/> in the format of LFW's pairs.txt. Each fold has people of
    /// its own, so that the threshold is always tried on people it was not chosen on.
    /// </summary>
    /// <param name="file">The text file to write.</param>
    /// <param name="people">As given to <see cref="WriteFolder"/>; at least two for each fold.</param>
    /// <param name="picturesPerPerson">As given to <see cref="WriteFolder"/>; at least two.</param>
    /// <param name="folds">How many folds, at least 2.</param>
    /// <param name="pairsPerKind">How many pairs of the same person, and as many of different people, each fold has.</param>
    /// <param name="seed">Chooses the pairs.</param>
    /// <param name="firstPerson">As given to <see cref="WriteFolder"/>.</param>
    /// <exception cref="ArgumentOutOfRangeException">There are not that many different pairs.</exception>
    public static void WritePairs(string file, int people, int picturesPerPerson, int folds, int pairsPerKind, int seed, int firstPerson = 0)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(folds, 2);
        ArgumentOutOfRangeException.ThrowIfLessThan(people, 2 * folds);
        ArgumentOutOfRangeException.ThrowIfLessThan(picturesPerPerson, 2);
        int peoplePerFold = people / folds;
        ArgumentOutOfRangeException.ThrowIfGreaterThan(pairsPerKind, peoplePerFold * picturesPerPerson * (picturesPerPerson - 1) / 2);

        var random = new SeededRandom(seed, 4);
        var lines = new List<string> { string.Create(CultureInfo.InvariantCulture, $"{folds}\t{pairsPerKind}") };
        for (int fold = 0; fold < folds; fold++)
        {
            int firstOfFold = firstPerson + (fold * peoplePerFold);
            lines.AddRange(Distinct(pairsPerKind, () => SamePersonLine(random, firstOfFold, peoplePerFold, picturesPerPerson)));
            lines.AddRange(Distinct(pairsPerKind, () => DifferentPeopleLine(random, firstOfFold, peoplePerFold, picturesPerPerson)));
        }

        File.WriteAllLines(file, lines);
    }

    private static string SamePersonLine(SeededRandom random, int firstPerson, int people, int pictures)
    {
        string name = PersonName(firstPerson + random.Below(people));
        int first = random.Below(pictures);
        int second = (first + 1 + random.Below(pictures - 1)) % pictures;
        return string.Create(CultureInfo.InvariantCulture, $"{name}\t{Math.Min(first, second) + 1}\t{Math.Max(first, second) + 1}");
    }

    private static string DifferentPeopleLine(SeededRandom random, int firstPerson, int people, int pictures)
    {
        int first = random.Below(people);
        int second = (first + 1 + random.Below(people - 1)) % people;
        (first, second) = (Math.Min(first, second), Math.Max(first, second));
        return string.Create(
            CultureInfo.InvariantCulture,
            $"{PersonName(firstPerson + first)}\t{random.Below(pictures) + 1}\t{PersonName(firstPerson + second)}\t{random.Below(pictures) + 1}");
    }

    private static HashSet<string> Distinct(int count, Func<string> next)
    {
        var lines = new HashSet<string>(count);
        while (lines.Count < count)
        {
            lines.Add(next());
        }

        return lines;
    }

    /// <summary>Name of a person's folder.</summary>
    public static string PersonName(int personNumber) => string.Create(CultureInfo.InvariantCulture, $"person_{personNumber + 1:D4}");

    private static SKBitmap DrawHead(SKImageInfo info, HeadPose pose, DrawnPerson person, Shot shot)
    {
        var head = new SKBitmap(info);
        using var canvas = new SKCanvas(head);
        using var face = new FaceCanvas(canvas, pose);
        HairPainter.DrawBehind(face, person);
        HeadPainter.DrawNeck(face, person, shot);
        HeadPainter.DrawEars(face, person);
        HeadPainter.DrawHead(face, person);
        HairPainter.DrawBeard(face, person, shot);
        MouthPainter.Draw(face, person, shot);
        NosePainter.Draw(face, person, shot);
        EyePainter.Draw(face, person, shot);
        HairPainter.DrawFront(face, person, shot);
        AccessoryPainter.DrawGlasses(face, person, shot);
        AccessoryPainter.DrawOcclusion(face, person, shot);
        canvas.Flush();
        HeadLight.Apply(head.PeekPixels().GetPixelSpan<byte>(), Side, pose, person, shot);
        return head;
    }
}
