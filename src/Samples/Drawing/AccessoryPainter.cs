using SkiaSharp;

namespace Microsoft.ML.ArcFace.Samples.Drawing;

/// <summary>Draws glasses and what covers the face.</summary>
internal static class AccessoryPainter
{
    public static void DrawGlasses(FaceCanvas face, DrawnPerson person, Shot shot)
    {
        if (shot.Occlusion == Occlusion.Sunglasses)
        {
            DrawFrames(face, person, person.Glasses with { LensWidth = 13, LensHeight = 9.5f, FrameWidth = 1.6f, Frame = new SKColor(0x15, 0x12, 0x12) }, new SKColor(0x14, 0x13, 0x16, 0xEA));
        }
        else if (shot.Glasses)
        {
            DrawFrames(face, person, person.Glasses, new SKColor(0xE8, 0xF0, 0xFF, 0x1C));
        }
    }

    public static void DrawOcclusion(FaceCanvas face, DrawnPerson person, Shot shot)
    {
        var random = new SeededRandom(shot.DetailSeed, 4);
        switch (shot.Occlusion)
        {
            case Occlusion.Scarf:
                DrawScarf(face, person, random);
                break;
            case Occlusion.Hand:
                DrawHand(face, person, random);
                break;
            case Occlusion.Cap:
                DrawCap(face, person, random);
                break;
            case Occlusion.Strands when person.Hair.Style != HairStyle.Bald:
                DrawFallenStrands(face, person, random);
                break;
        }
    }

    private static void DrawFrames(FaceCanvas face, DrawnPerson person, GlassesTraits glasses, SKColor lens)
    {
        const float Lift = 8;
        float centre = person.Eyes.Spacing / 2;
        float width = glasses.LensWidth;
        float height = glasses.LensHeight;
        foreach (int side in (ReadOnlySpan<int>)[-1, 1])
        {
            // A superellipse: 2 is round, 5 nearly a rectangle.
            var rim = new SKPoint[16];
            for (int i = 0; i < rim.Length; i++)
            {
                (float sine, float cosine) = MathF.SinCos(2 * MathF.PI * i / rim.Length);
                float x = MathF.CopySign(MathF.Pow(MathF.Abs(cosine), 2 / glasses.Roundness), cosine) * width;
                float y = MathF.CopySign(MathF.Pow(MathF.Abs(sine), 2 / glasses.Roundness), sine) * height;
                rim[i] = face.On(side * (centre + x + 1), y + 1.5f, Lift);
            }

            face.Fill(rim, lens);
            face.Line([.. rim, rim[0]], glasses.Frame, glasses.FrameWidth);
            face.Line([face.On(side * (centre + width + 1), -1, Lift), face.Edge(side * (person.Head.CheekWidth - 0.5f), -2, 6)], glasses.Frame, glasses.FrameWidth);
            face.Line(
                [face.On(side * (centre - 3), -height * 0.45f, Lift), face.On(side * (centre + 3), height * 0.1f, Lift)], new SKColor(0xFF, 0xFF, 0xFF, 0x40), 1.4f, 0.5f);
        }

        float bridge = centre - width + 1;
        face.Line([face.On(-bridge, 0, Lift), face.On(0, -1.6f, Lift + 2), face.On(bridge, 0, Lift)], glasses.Frame, glasses.FrameWidth);
    }

    private static void DrawScarf(FaceCanvas face, DrawnPerson person, SeededRandom random)
    {
        float top = random.Range(26, 48);
        float width = person.Head.CheekWidth + 3;
        SKColor cloth = new((byte)random.Below(240), (byte)random.Below(240), (byte)random.Below(240));
        face.Fill(
            [face.At(-width, top - 6, 0), face.On(-width * 0.5f, top, 2), face.On(0, top - 2, 8), face.On(width * 0.5f, top, 2), face.At(width, top - 6, 0), face.At(width + 5, 100, 0), face.At(-width - 5, 100, 0)],
            cloth);
        for (int i = 1; i < 4; i++)
        {
            float y = top + (i * 7);
            face.Line([face.At(-width, y - 3, 4), face.On(0, y + random.Range(-2, 3), 6), face.At(width, y - 2, 4)], Colours.Scale(cloth, 0.72f), 1.6f, 0.7f);
        }
    }

    private static void DrawHand(FaceCanvas face, DrawnPerson person, SeededRandom random)
    {
        int side = random.Chance(0.5f) ? 1 : -1;
        float x = side * random.Range(16, 28);
        float y = random.Range(30, 48);
        SKColor skin = Colours.Scale(person.Skin.Colour, 0.95f);
        SKColor shade = Colours.Scale(skin, 0.62f);
        face.Oval(x + (side * 5), y + 24, 14, 19, skin, 0, 8);
        for (int i = 0; i < 4; i++)
        {
            float knuckle = x + (side * ((i * 6.2f) - 7));
            float tip = y - 13 + (MathF.Abs(i - 1.4f) * 3.5f);
            SKPoint[] finger = [face.At(knuckle + (side * 2), y + 18, 46), face.At(knuckle, tip, 46)];
            face.Line(finger, shade, 7.6f);
            face.Line(finger, skin, 6.4f);
            face.Oval(knuckle, tip - 0.6f, 1.7f, 1.6f, Colours.Mix(skin, new SKColor(0xF0, 0xC8, 0xC8), 0.5f), 0.3f, 8);
        }
    }

    private static void DrawCap(FaceCanvas face, DrawnPerson person, SeededRandom random)
    {
        float width = person.Head.ForeheadWidth + 6;
        float brim = random.Range(-30, -20);
        SKColor cloth = new((byte)random.Below(220), (byte)random.Below(220), (byte)random.Below(220));
        face.Fill(
            [face.At(-width, brim + 4, 0), face.At(-width * 0.95f, -50, 0), face.At(-width * 0.5f, -74, 4), face.At(width * 0.5f, -74, 4), face.At(width * 0.95f, -50, 0), face.At(width, brim + 4, 0), face.On(0, brim, 6)],
            cloth);
        face.Fill(
            [face.At(-width - 1, brim + 2, 6), face.On(-width * 0.4f, brim - 6, 10), face.On(width * 0.4f, brim - 6, 10), face.At(width + 1, brim + 2, 6), face.On(width * 0.4f, brim + 6, 20), face.On(-width * 0.4f, brim + 6, 20)],
            Colours.Scale(cloth, 0.62f), 0.3f);
        face.Oval(0, brim + 8, width * 0.75f, 5, new SKColor(0, 0, 0, 0x40), 3);
    }

    private static void DrawFallenStrands(FaceCanvas face, DrawnPerson person, SeededRandom random)
    {
        float start = random.Range(-20, 20);
        float drift = random.Range(-14, 14);
        int strands = 3 + random.Below(6);
        for (int i = 0; i < strands; i++)
        {
            float x = start + (i * 1.6f);
            face.Line(
                [face.On(x, -46, 3), face.On(x + (drift * 0.4f) + random.Normal(1), -18, 4), face.On(x + drift + random.Normal(2), random.Range(0, 14), 5)],
                Colours.Fade(Colours.Scale(person.Hair.Colour, random.Range(0.7f, 1.2f)), 0.9f), random.Range(0.8f, 1.8f));
        }
    }
}
