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
    /// <param name="cancellationToken">Stops between two pictures.</param>
    public static void WriteFolder(
        string folder, int people, int picturesPerPerson, int seed, int firstPerson = 0, CancellationToken cancellationToken = default)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(people);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(picturesPerPerson);
        ArgumentOutOfRangeException.ThrowIfNegative(firstPerson);
        for (int person = firstPerson; person < firstPerson + people; person++)
        {
            string personFolder = Path.Combine(folder, PersonName(person));
            Directory.CreateDirectory(personFolder);
            for (int picture = 0; picture < picturesPerPerson; picture++)
            {
                cancellationToken.ThrowIfCancellationRequested();
                string file = Path.Combine(personFolder, string.Create(CultureInfo.InvariantCulture, $"{picture + 1:D4}.jpg"));
                File.WriteAllBytes(file, DrawJpeg(seed, person, picture));
            }
        }
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
